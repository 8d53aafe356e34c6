<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 5xx: the server failed. A write may or may not have taken effect. */
final class ServerException extends ApiException
{
}

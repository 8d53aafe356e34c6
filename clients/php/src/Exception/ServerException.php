<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 5xx: the server's fault. A write may or may not have happened. */
final class ServerException extends ApiException
{
}

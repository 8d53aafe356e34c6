<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 404: there is no such object. */
final class NotFoundException extends ApiException
{
}

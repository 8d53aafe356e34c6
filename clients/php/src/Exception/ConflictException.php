<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 409 or 412: a unique value is already taken, or the object no longer matches `ifMatch`. */
final class ConflictException extends ApiException
{
}

<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 409 and 412: a unique value is taken, or the object is no longer what `ifMatch` says. */
final class ConflictException extends ApiException
{
}

<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 403: the token may not do this; it is read-only. */
final class PermissionDeniedException extends ApiException
{
}

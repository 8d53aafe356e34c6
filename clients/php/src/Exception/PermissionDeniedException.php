<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 403: the token is read-only and cannot be used for this request. */
final class PermissionDeniedException extends ApiException
{
}

<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** Any other 4xx: the request is invalid; see the message and `param`. */
final class ValidationException extends ApiException
{
}

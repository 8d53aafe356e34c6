<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** Any other 4xx: the request is wrong; `param` and the message say where. */
final class ValidationException extends ApiException
{
}

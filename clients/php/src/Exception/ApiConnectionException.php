<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** The server could not be reached, or the connection was lost. A write may or may not have taken effect. */
class ApiConnectionException extends ApiException
{
}

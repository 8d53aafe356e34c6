<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** The server was not reached, or the connection broke. A write may or may not have happened. */
class ApiConnectionException extends ApiException
{
}

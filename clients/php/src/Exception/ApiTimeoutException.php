<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** There was no whole answer within the timeout. A write may or may not have happened. */
final class ApiTimeoutException extends ApiConnectionException
{
}

<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** No complete response arrived before the timeout. A write may or may not have taken effect. */
final class ApiTimeoutException extends ApiConnectionException
{
}

<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 401: the token is missing, unknown, expired or revoked. */
final class AuthenticationException extends ApiException
{
}

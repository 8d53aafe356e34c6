<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** The API refused a request, or there was no answer to it (`status` is null then). The message is the API's. */
class ApiException extends \RuntimeException
{
    /**
     * @param string|null $errorCode The API's `code`, such as `parameter_missing`.
     * @param string|null $param The parameter that is wrong, such as `contacts[2].id`.
     * @param float|null $retryAfter Seconds after which it is worth another try, where the server says so.
     */
    final public function __construct(
        string $message,
        public readonly ?int $status = null,
        public readonly ?string $type = null,
        public readonly ?string $errorCode = null,
        public readonly ?string $param = null,
        public readonly ?string $requestId = null,
        public readonly ?string $documentationUrl = null,
        public readonly ?float $retryAfter = null,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, $status ?? 0, $previous);
    }

    /**
     * The exception that an answer tells, also where a proxy wrote it and it is no JSON.
     *
     * @param array<string, string> $headers By their names in lower case.
     * @internal
     */
    public static function of(int $status, array $headers, string $body): self
    {
        $told = json_decode($body, true);
        $text = static fn (string $name): ?string
            => is_array($told) && is_string($told[$name] ?? null) ? $told[$name] : null;
        return new (self::classOf($status))(
            $text('message') ?? "The server answered with status $status.",
            $status,
            $text('type'),
            $text('code'),
            $text('param'),
            $text('request_id') ?? $headers['x-request-id'] ?? null,
            $text('documentation_url'),
            self::secondsOf($headers['retry-after'] ?? null),
        );
    }

    /** @return class-string<self> */
    private static function classOf(int $status): string
    {
        return match (true) {
            $status === 401 => AuthenticationException::class,
            $status === 403 => PermissionDeniedException::class,
            $status === 404 => NotFoundException::class,
            $status === 409, $status === 412 => ConflictException::class,
            $status === 429 => RateLimitException::class,
            $status >= 500 => ServerException::class,
            $status >= 400 => ValidationException::class,
            // A redirect, which is not followed: the token is for this host alone.
            default => self::class,
        };
    }

    /** `Retry-After` in seconds, which may also be a date. */
    private static function secondsOf(?string $header): ?float
    {
        if ($header === null || ctype_digit($header)) {
            return $header === null ? null : (float) $header;
        }
        $date = strtotime($header);
        return $date === false ? null : max(0.0, $date - microtime(true));
    }
}

<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** The API rejected a request, or there was no response (`status` is then null). The message is the API's own. */
class ApiException extends \RuntimeException
{
    /**
     * @param string|null $errorCode The API's `code`, for example `parameter_missing`.
     * @param string|null $param The invalid parameter, for example `contacts[2].id`.
     * @param float|null $retryAfter Seconds to wait before trying again, from `Retry-After`.
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
     * The exception for a response. The body need not be JSON: a proxy may have written it.
     *
     * @param array<string, string> $headers Keyed by lowercase name.
     * @internal
     */
    public static function fromResponse(int $status, array $headers, string $body): self
    {
        $error = json_decode($body, true);
        $text = static fn (string $name): ?string
            => is_array($error) && is_string($error[$name] ?? null) ? $error[$name] : null;
        return new (self::classForStatus($status))(
            $text('message') ?? "The server returned status $status.",
            $status,
            $text('type'),
            $text('code'),
            $text('param'),
            $text('request_id') ?? $headers['x-request-id'] ?? null,
            $text('documentation_url'),
            self::parseRetryAfter($headers['retry-after'] ?? null),
        );
    }

    /** @return class-string<self> */
    private static function classForStatus(int $status): string
    {
        return match (true) {
            $status === 401 => AuthenticationException::class,
            $status === 403 => PermissionDeniedException::class,
            $status === 404 => NotFoundException::class,
            $status === 409, $status === 412 => ConflictException::class,
            $status === 429 => RateLimitException::class,
            $status >= 500 => ServerException::class,
            $status >= 400 => ValidationException::class,
            // A redirect. Redirects are not followed: the token must not reach another host.
            default => self::class,
        };
    }

    /** `Retry-After`, which is a number of seconds or a date, in seconds. */
    private static function parseRetryAfter(?string $header): ?float
    {
        if ($header === null || ctype_digit($header)) {
            return $header === null ? null : (float) $header;
        }
        $date = strtotime($header);
        return $date === false ? null : max(0.0, $date - microtime(true));
    }
}

<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ApiException;
use Protocol\Model\Model;

/**
 * Sends a call: headers, tries and their pauses, the timeout over all of them. Curl is Connection's.
 *
 * @internal
 */
final class Transport
{
    private const DEFAULT_BASE_URL = 'https://api.protocol.chat';
    private const VISIBLE_ASCII = '/^[\x21-\x7e]+\z/';
    private const PRINTABLE_ASCII = '/^[\x20-\x7e]+\z/';
    /** The answers that a later try may better, also those of a proxy whose server is starting anew. */
    private const TRY_AGAIN = [429, 502, 503, 504];
    private const FIRST_PAUSE = 0.25;
    private const LONGEST_PAUSE = 8.0;

    private readonly Connection $connection;
    private readonly string $baseUrl;

    public function __construct(
        #[\SensitiveParameter] private readonly string $token,
        ?string $baseUrl,
        private readonly float $timeout,
        private readonly float $connectTimeout,
        private readonly int $maxRetries,
    ) {
        // Checked here, as a line break in a header would begin another.
        if (preg_match(self::VISIBLE_ASCII, $token) !== 1) {
            throw new \InvalidArgumentException('The token must be a string of visible ASCII characters.');
        }
        self::checkTimeout('timeout', $timeout);
        self::checkTimeout('connectTimeout', $connectTimeout);
        if ($maxRetries < 0) {
            throw new \InvalidArgumentException('`maxRetries` must be 0 or more.');
        }
        $this->baseUrl = self::checkedBaseUrl(
            $baseUrl ?? (getenv('PROTOCOL_API_BASE_URL') ?: self::DEFAULT_BASE_URL),
        );
        $this->connection = new Connection();
    }

    /** @return array<string, mixed> Without the token: print_r and var_dump show this. */
    public function __debugInfo(): array
    {
        return ['baseUrl' => $this->baseUrl];
    }

    /** @return never The token stays in memory. */
    public function __serialize(): array
    {
        throw new \LogicException('A client cannot be serialized.');
    }

    /**
     * The JSON object in the answer and its ETag, or nulls where there is none.
     *
     * @param array<string, mixed> $query
     * @param array<string, mixed>|null $body
     * @return array{array<string, mixed>|null, string|null}
     * @throws ApiException
     */
    public function call(
        string $method,
        string $path,
        array $query = [],
        ?array $body = null,
        ?string $idempotencyKey = null,
        Model|string|null $ifMatch = null,
        ?float $timeout = null,
    ): array {
        self::checkTimeout('timeout', $timeout ??= $this->timeout);
        $url = $this->baseUrl . $path . self::queryOf($query);
        $payload = $body === null ? null : json_encode((object) $body, JSON_THROW_ON_ERROR);
        $headers = $this->headers($payload, $idempotencyKey, $ifMatch);
        $deadline = microtime(true) + $timeout;
        // The failure that left it unknown whether the request took effect.
        $unknown = null;
        for ($retries = 0; ; $retries++) {
            $left = $deadline - microtime(true);
            $answer = $this->connection
                ->send($method, $url, $headers, $payload, $left, $this->connectTimeout, "$method $path");
            if ($answer instanceof Answer && $answer->status >= 200 && $answer->status < 300) {
                return self::objectOf($answer);
            }
            $failure = $answer instanceof Answer
                ? ApiException::of($answer->status, $answer->headers, $answer->body)
                : $answer;
            if ($unknown !== null) {
                // The earlier try did it, or another caller; the object is gone, as was asked.
                if ($method === 'DELETE' && $failure->status === 404) {
                    return [null, null];
                }
                // The object may have changed by the earlier try: that somebody else changed it cannot be said.
                if ($method !== 'DELETE' && $failure->status === 412) {
                    throw $unknown;
                }
            }
            $pause = self::pauseBefore($retries, $failure);
            $late = microtime(true) + $pause >= $deadline;
            if (!self::mayTryAgain($failure) || $retries >= $this->maxRetries || $late) {
                throw $failure;
            }
            if ($failure->status !== 429) {
                $unknown = $failure;
            }
            usleep((int) ($pause * 1_000_000));
        }
    }

    /** @return list<string> */
    private function headers(?string $payload, ?string $idempotencyKey, Model|string|null $ifMatch): array
    {
        $headers = [
            'Accept: application/json',
            "Authorization: Bearer $this->token",
            'User-Agent: protocol-api-php/' . ApiClient::VERSION,
        ];
        if ($payload !== null) {
            $headers[] = 'Content-Type: application/json';
        }
        if ($idempotencyKey !== null) {
            $headers[] = 'Idempotency-Key: ' . self::checkedKey($idempotencyKey);
        }
        if ($ifMatch !== null) {
            $headers[] = 'If-Match: ' . self::checkedTag($ifMatch);
        }
        return $headers;
    }

    /** @return array{array<string, mixed>|null, string|null} */
    private static function objectOf(Answer $answer): array
    {
        if ($answer->body === '') {
            return [null, null];
        }
        $object = json_decode($answer->body, true);
        if (!is_array($object)) {
            throw new ApiException(
                'The answer is not JSON. Is the base URL that of the API?',
                $answer->status,
                requestId: $answer->headers['x-request-id'] ?? null,
            );
        }
        return [$object, $answer->headers['etag'] ?? null];
    }

    private static function mayTryAgain(ApiException $failure): bool
    {
        return $failure instanceof ApiConnectionException || in_array($failure->status, self::TRY_AGAIN, true);
    }

    /** Twice as long each time, shortened by chance so that clients do not come back all at once. */
    private static function pauseBefore(int $retries, ApiException $failure): float
    {
        $pause = min(self::LONGEST_PAUSE, self::FIRST_PAUSE * 2 ** $retries);
        return max($pause * random_int(500, 1000) / 1000, $failure->retryAfter ?? 0.0);
    }

    private static function checkedBaseUrl(string $text): string
    {
        $url = parse_url($text);
        $fits = is_array($url)
            && in_array($url['scheme'] ?? '', ['http', 'https'], true)
            && ($url['host'] ?? '') !== ''
            && array_intersect_key($url, ['user' => 0, 'pass' => 0, 'query' => 0, 'fragment' => 0]) === [];
        if (!$fits || preg_match(self::VISIBLE_ASCII, $text) !== 1) {
            $message = 'The base URL must be an http or https URL without user, query and fragment.';
            throw new \InvalidArgumentException($message);
        }
        return rtrim($text, '/');
    }

    /** @param array<string, mixed> $query */
    private static function queryOf(array $query): string
    {
        $given = array_filter($query, static fn (mixed $value): bool => $value !== null);
        $texts = array_map(static fn (mixed $value) => is_bool($value) ? ($value ? 'true' : 'false') : $value, $given);
        return $texts === [] ? '' : '?' . http_build_query($texts, '', '&', PHP_QUERY_RFC3986);
    }

    private static function checkTimeout(string $name, float $seconds): void
    {
        if (!($seconds > 0)) {
            throw new \InvalidArgumentException("`$name` must be a number of seconds above 0.");
        }
    }

    private static function checkedKey(string $key): string
    {
        if (strlen($key) <= 255 && preg_match(self::VISIBLE_ASCII, $key) === 1) {
            return $key;
        }
        throw new \InvalidArgumentException('`idempotencyKey` must be 1 to 255 visible ASCII characters.');
    }

    private static function checkedTag(Model|string $given): string
    {
        $tag = $given instanceof Model ? $given->etag() : $given;
        if ($tag !== null && preg_match(self::PRINTABLE_ASCII, $tag) === 1) {
            return $tag;
        }
        $message = '`ifMatch` must be an ETag or an object that get, create, send or update answered.';
        throw new \InvalidArgumentException($message);
    }
}

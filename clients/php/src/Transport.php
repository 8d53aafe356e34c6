<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ApiException;
use Protocol\Model\Model;

/**
 * Sends requests: headers, retries with backoff, and the timeout that covers them all.
 *
 * @internal
 */
final class Transport
{
    private const DEFAULT_BASE_URL = 'https://api.protocol.chat';
    private const VISIBLE_ASCII = '/^[\x21-\x7e]+\z/';
    private const PRINTABLE_ASCII = '/^[\x20-\x7e]+\z/';
    /** 502 and 504 come from proxies, for example while the server behind them restarts. */
    private const RETRYABLE_STATUSES = [429, 502, 503, 504];
    private const INITIAL_BACKOFF = 0.25;
    private const MAX_BACKOFF = 8.0;

    private readonly Connection $connection;
    private readonly string $baseUrl;

    public function __construct(
        #[\SensitiveParameter] private readonly string $token,
        ?string $baseUrl,
        private readonly float $timeout,
        private readonly float $connectTimeout,
        private readonly int $maxRetries,
    ) {
        // Checked here because a line break would start another header.
        if (preg_match(self::VISIBLE_ASCII, $token) !== 1) {
            throw new \InvalidArgumentException('The token must be a string of visible ASCII characters.');
        }
        self::checkTimeout('timeout', $timeout);
        self::checkTimeout('connectTimeout', $connectTimeout);
        if ($maxRetries < 0) {
            throw new \InvalidArgumentException('`maxRetries` must not be negative.');
        }
        $this->baseUrl = self::checkBaseUrl(
            $baseUrl ?? (getenv('PROTOCOL_API_BASE_URL') ?: self::defaultBaseUrl($token)),
        );
        $this->connection = new Connection();
    }

    /** @return array<string, mixed> What print_r and var_dump show, without the token. */
    public function __debugInfo(): array
    {
        return ['baseUrl' => $this->baseUrl];
    }

    /** @return never Serializing a client would expose its token. */
    public function __serialize(): array
    {
        throw new \LogicException('A client cannot be serialized.');
    }

    /**
     * Returns the JSON object in the response and its ETag; null for each that is missing.
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
        $url = $this->baseUrl . $path . self::queryString($query);
        $payload = $body === null ? null : json_encode((object) $body, JSON_THROW_ON_ERROR);
        $headers = $this->headers($payload, $idempotencyKey, $ifMatch);
        $deadline = microtime(true) + $timeout;
        // The failure of an earlier attempt that may nevertheless have taken effect.
        $ambiguous = null;
        for ($retries = 0; ; $retries++) {
            $remaining = $deadline - microtime(true);
            $outcome = $this->connection
                ->send($method, $url, $headers, $payload, $remaining, $this->connectTimeout, "$method $path");
            if ($outcome instanceof Response && $outcome->status >= 200 && $outcome->status < 300) {
                return self::parseBody($outcome);
            }
            $failure = $outcome instanceof Response
                ? ApiException::fromResponse($outcome->status, $outcome->headers, $outcome->body)
                : $outcome;
            if ($ambiguous !== null) {
                // The object is gone, as requested: the earlier attempt deleted it, or another caller did.
                if ($method === 'DELETE' && $failure->status === 404) {
                    return [null, null];
                }
                // The earlier attempt may itself have changed the ETag, so this need not be a conflict with others.
                if ($method !== 'DELETE' && $failure->status === 412) {
                    throw $ambiguous;
                }
            }
            $delay = self::backoff($retries, $failure);
            $tooLate = microtime(true) + $delay >= $deadline;
            if (!self::isRetryable($failure) || $retries >= $this->maxRetries || $tooLate) {
                throw $failure;
            }
            // A request that was rate-limited had no effect.
            if ($failure->status !== 429) {
                $ambiguous = $failure;
            }
            usleep((int) ($delay * 1_000_000));
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
            $headers[] = 'Idempotency-Key: ' . self::checkIdempotencyKey($idempotencyKey);
        }
        if ($ifMatch !== null) {
            $headers[] = 'If-Match: ' . self::entityTag($ifMatch);
        }
        return $headers;
    }

    /** @return array{array<string, mixed>|null, string|null} */
    private static function parseBody(Response $response): array
    {
        if ($response->body === '') {
            return [null, null];
        }
        $object = json_decode($response->body, true);
        if (!is_array($object)) {
            throw new ApiException(
                'The response is not JSON. Check that the base URL points to the API.',
                $response->status,
                requestId: $response->headers['x-request-id'] ?? null,
            );
        }
        return [$object, $response->headers['etag'] ?? null];
    }

    private static function isRetryable(ApiException $failure): bool
    {
        return $failure instanceof ApiConnectionException || in_array($failure->status, self::RETRYABLE_STATUSES, true);
    }

    /** Seconds before the next attempt: exponential backoff with jitter, or `Retry-After` if that is longer. */
    private static function backoff(int $retries, ApiException $failure): float
    {
        $delay = min(self::MAX_BACKOFF, self::INITIAL_BACKOFF * 2 ** $retries);
        return max($delay * random_int(500, 1000) / 1000, $failure->retryAfter ?? 0.0);
    }

    private static function checkBaseUrl(string $text): string
    {
        $url = parse_url($text);
        $valid = is_array($url)
            && in_array($url['scheme'] ?? '', ['http', 'https'], true)
            && ($url['host'] ?? '') !== ''
            && array_intersect_key($url, ['user' => 0, 'pass' => 0, 'query' => 0, 'fragment' => 0]) === [];
        if (!$valid || preg_match(self::VISIBLE_ASCII, $text) !== 1) {
            $message = 'The base URL must be an http or https URL without credentials, query or fragment.';
            throw new \InvalidArgumentException($message);
        }
        return rtrim($text, '/');
    }

    private static function defaultBaseUrl(#[\SensitiveParameter] string $token): string
    {
        // The default host has no use for such a token; sending it there would only disclose it.
        if (str_starts_with($token, 'groups_')) {
            throw new \InvalidArgumentException(
                'A token that begins with groups_ belongs to a groups-server: '
                . 'set the base URL (baseUrl or PROTOCOL_API_BASE_URL).',
            );
        }
        return self::DEFAULT_BASE_URL;
    }

    /** @param array<string, mixed> $query */
    private static function queryString(array $query): string
    {
        $params = array_filter($query, static fn (mixed $value): bool => $value !== null);
        $texts = array_map(static fn (mixed $value) => is_bool($value) ? ($value ? 'true' : 'false') : $value, $params);
        return $texts === [] ? '' : '?' . http_build_query($texts, '', '&', PHP_QUERY_RFC3986);
    }

    private static function checkTimeout(string $name, float $seconds): void
    {
        if (!($seconds > 0)) {
            throw new \InvalidArgumentException("`$name` must be a positive number of seconds.");
        }
    }

    private static function checkIdempotencyKey(string $key): string
    {
        if (strlen($key) <= 255 && preg_match(self::VISIBLE_ASCII, $key) === 1) {
            return $key;
        }
        throw new \InvalidArgumentException('`idempotencyKey` must be 1 to 255 visible ASCII characters.');
    }

    private static function entityTag(Model|string $ifMatch): string
    {
        $tag = $ifMatch instanceof Model ? $ifMatch->etag() : $ifMatch;
        if ($tag !== null && preg_match(self::PRINTABLE_ASCII, $tag) === 1) {
            return $tag;
        }
        $message = '`ifMatch` must be an ETag, or an object returned by get, create, send or update.';
        throw new \InvalidArgumentException($message);
    }
}

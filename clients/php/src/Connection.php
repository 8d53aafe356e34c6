<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ApiTimeoutException;

/**
 * A curl handle that keeps its connection alive between requests.
 *
 * @internal
 */
final class Connection
{
    private ?\CurlHandle $handle = null;

    /**
     * One attempt: the complete response, or the reason there is none.
     *
     * @param list<string> $headers
     * @param float $timeout Seconds for the whole attempt, including at most $connectTimeout for connecting.
     * @param string $name The request's name in exception messages.
     * @throws ApiTimeoutException
     */
    public function send(
        string $method,
        string $url,
        #[\SensitiveParameter] array $headers,
        ?string $body,
        float $timeout,
        float $connectTimeout,
        string $name,
    ): Response|ApiConnectionException {
        $this->handle ??= curl_init();
        // Clears the options of the previous request but keeps its connection.
        curl_reset($this->handle);
        $received = [];
        curl_setopt_array($this->handle, [
            CURLOPT_URL => $url,
            CURLOPT_CUSTOMREQUEST => $method,
            // Without this, curl sends `Expect: 100-continue` before a large body and waits up to a second for a reply.
            CURLOPT_HTTPHEADER => [...$headers, 'Expect:'],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_TIMEOUT_MS => self::milliseconds($timeout),
            CURLOPT_CONNECTTIMEOUT_MS => self::milliseconds(min($timeout, $connectTimeout)),
            CURLOPT_HEADERFUNCTION => static function (\CurlHandle $handle, string $line) use (&$received): int {
                $parts = explode(':', $line, 2);
                if (count($parts) === 2) {
                    $received[strtolower($parts[0])] = trim($parts[1]);
                }
                return strlen($line);
            },
        ]);
        if ($body !== null) {
            curl_setopt($this->handle, CURLOPT_POSTFIELDS, $body);
        }
        $body = curl_exec($this->handle);
        if (is_string($body)) {
            return new Response(curl_getinfo($this->handle, CURLINFO_RESPONSE_CODE), $received, $body);
        }
        $errno = curl_errno($this->handle);
        // Zero means that the connection was not established.
        $connected = curl_getinfo($this->handle, CURLINFO_PRETRANSFER_TIME) > 0 || $connectTimeout >= $timeout;
        if ($errno === CURLE_OPERATION_TIMEDOUT && $connected) {
            throw new ApiTimeoutException("$name: timed out before a complete response arrived.");
        }
        return new ApiConnectionException(
            sprintf('%s: the connection failed (%s).', $name, curl_strerror($errno) ?? "curl error $errno"),
        );
    }

    /** At least 1: curl treats 0 as no timeout. */
    private static function milliseconds(float $seconds): int
    {
        return (int) max(1, min(ceil($seconds * 1000), PHP_INT_MAX >> 32));
    }
}

<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ApiTimeoutException;

/**
 * One curl handle, which keeps its connections alive.
 *
 * @internal
 */
final class Connection
{
    private ?\CurlHandle $handle = null;

    /**
     * One try: the whole answer, or why there is none.
     *
     * @param list<string> $headers
     * @param float $timeout Seconds for all, of which connecting may take $connectTimeout.
     * @param string $name What an exception calls the request.
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
    ): Answer|ApiConnectionException {
        $this->handle ??= curl_init();
        // Forgets the last request, and keeps the connection.
        curl_reset($this->handle);
        $received = [];
        curl_setopt_array($this->handle, [
            CURLOPT_URL => $url,
            CURLOPT_CUSTOMREQUEST => $method,
            // curl asks before it sends a large body, and waits a second where a server does not tell.
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
        $text = curl_exec($this->handle);
        if (is_string($text)) {
            return new Answer(curl_getinfo($this->handle, CURLINFO_RESPONSE_CODE), $received, $text);
        }
        $errno = curl_errno($this->handle);
        // Zero: it was not connected yet.
        $connected = curl_getinfo($this->handle, CURLINFO_PRETRANSFER_TIME) > 0 || $connectTimeout >= $timeout;
        if ($errno === CURLE_OPERATION_TIMEDOUT && $connected) {
            throw new ApiTimeoutException("$name: there was no whole answer in time.");
        }
        return new ApiConnectionException(
            sprintf('%s: the connection failed (%s).', $name, curl_strerror($errno) ?? "curl error $errno"),
        );
    }

    /** At least one, as none would be for ever. */
    private static function milliseconds(float $seconds): int
    {
        return (int) max(1, min(ceil($seconds * 1000), PHP_INT_MAX >> 32));
    }
}

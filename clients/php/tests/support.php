<?php

declare(strict_types=1);

use Protocol\ApiClient;

// Treat warnings as failures.
set_error_handler(static function (int $level, string $message, string $file, int $line): never {
    throw new ErrorException($message, 0, $level, $file, $line);
});

function token(): string
{
    return getenv('PROTOCOL_API_TOKEN');
}

function client(): ApiClient
{
    static $client = null;
    return $client ??= new ApiClient(token());
}

/** A client whose requests go through the proxy: its nth request meets the nth of the comma-separated faults. */
function viaProxy(string $name, string $faults = 'pass', mixed ...$options): ApiClient
{
    return new ApiClient(token(), ...$options, baseUrl: getenv('PROTOCOL_API_PROXY') . "/$name/$faults");
}

/** What the proxy received under a name: `connections` (a number) and `requests`. */
function proxyReport(string $name): array
{
    return json_decode(file_get_contents(getenv('PROTOCOL_API_PROXY') . "/report/$name"), true);
}

/** A word that no other call returns, for names and search terms. */
function uniqueWord(): string
{
    return 'word' . bin2hex(random_bytes(4));
}

/** A port on which nothing listens. */
function closedPort(): int
{
    $server = stream_socket_server('tcp://127.0.0.1:0');
    return (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
}

/** Compares the values' JSON, so that two models are equal if all their properties are. */
function assertEqual(mixed $actual, mixed $expected, string $message = ''): void
{
    $json = static fn (mixed $value): string => json_encode($value, JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT);
    if ($json($actual) !== $json($expected)) {
        throw new RuntimeException("$message\nActual: {$json($actual)}\nExpected: {$json($expected)}");
    }
}

function assertTrue(bool $condition, string $message = ''): void
{
    if (!$condition) {
        throw new RuntimeException("Assertion failed. $message");
    }
}

/**
 * @template E of Throwable
 * @param class-string<E> $class
 * @return E
 */
function assertThrows(string $class, callable $call): Throwable
{
    try {
        $call();
    } catch (Throwable $error) {
        assertEqual($error::class, $class, (string) $error);
        return $error;
    }
    throw new RuntimeException("Expected $class to be thrown.");
}

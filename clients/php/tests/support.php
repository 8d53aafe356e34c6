<?php

declare(strict_types=1);

use Protocol\ApiClient;

// A warning is a failure.
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

/** A client whose first request under the name meets the first of the steps, and so on. */
function proxied(string $name, string $steps = 'pass', mixed ...$options): ApiClient
{
    return new ApiClient(token(), ...$options, baseUrl: getenv('PROTOCOL_API_PROXY') . "/$name/$steps");
}

/** What came to the proxy under the name: `connections`, `requests`. */
function report(string $name): array
{
    return json_decode(file_get_contents(getenv('PROTOCOL_API_PROXY') . "/report/$name"), true);
}

/** Whoever calls it has a word of its own. */
function word(): string
{
    return 'word' . bin2hex(random_bytes(4));
}

/** A port on which nobody listens. */
function closedPort(): int
{
    $server = stream_socket_server('tcp://127.0.0.1:0');
    return (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
}

/** Models are equal when all that the API answered is. */
function equal(mixed $found, mixed $expected, string $what = ''): void
{
    $plain = static fn (mixed $value): string => json_encode($value, JSON_UNESCAPED_UNICODE | JSON_PRETTY_PRINT);
    if ($plain($found) !== $plain($expected)) {
        throw new RuntimeException("$what\n{$plain($found)}\nis not\n{$plain($expected)}");
    }
}

function holds(bool $condition, string $what = ''): void
{
    if (!$condition) {
        throw new RuntimeException("It does not hold. $what");
    }
}

/**
 * @template E of Throwable
 * @param class-string<E> $class
 * @return E
 */
function fails(string $class, callable $call): Throwable
{
    try {
        $call();
    } catch (Throwable $error) {
        equal($error::class, $class, (string) $error);
        return $error;
    }
    throw new RuntimeException("It must fail with $class.");
}

<?php

declare(strict_types=1);

namespace Protocol;

/** @internal */
final readonly class Response
{
    /** @param array<string, string> $headers Keyed by lowercase name. */
    public function __construct(public int $status, public array $headers, public string $body)
    {
    }
}

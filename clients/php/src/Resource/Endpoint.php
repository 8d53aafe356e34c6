<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Model;
use Protocol\Page;
use Protocol\Transport;

/**
 * The requests that all resources share, sent to one path.
 *
 * @template T of Model
 * @internal
 */
final readonly class Endpoint
{
    /** @param class-string<T> $model */
    public function __construct(private Transport $transport, private string $path, private string $model)
    {
    }

    /**
     * @param array<string, mixed> $params
     * @return Page<T>
     */
    public function list(array $params, ?float $timeout): Page
    {
        $backwards = isset($params['ending_before']);
        $cursor = $backwards ? 'ending_before' : 'starting_after';
        [$body] = $this->transport->call('GET', $this->path, query: $params, timeout: $timeout);
        return new Page(
            $body['has_more'],
            array_map(fn (array $object): Model => $this->model::fromArray($object), $body['data']),
            $backwards,
            fn (string $id): Page => $this->list([$cursor => $id] + $params, $timeout),
        );
    }

    /**
     * @param array<string, mixed> $params
     * @return T
     */
    public function create(array $params, ?string $idempotencyKey, ?float $timeout): Model
    {
        // All attempts of a call share one key, so that the request takes effect once.
        $key = $idempotencyKey ?? bin2hex(random_bytes(16));
        return $this->model::fromArray(...$this->transport
            ->call('POST', $this->path, body: $params, idempotencyKey: $key, timeout: $timeout));
    }

    /** @return T */
    public function get(string $id, ?float $timeout): Model
    {
        return $this->model::fromArray(...$this->transport->call('GET', $this->pathOf($id), timeout: $timeout));
    }

    /**
     * @param array<string, mixed> $changes
     * @return T
     */
    public function update(string $id, array $changes, Model|string|null $ifMatch, ?float $timeout): Model
    {
        return $this->model::fromArray(...$this->transport
            ->call('PUT', $this->pathOf($id), body: $changes, ifMatch: $ifMatch, timeout: $timeout));
    }

    public function put(string $id, Model|string|null $ifMatch, ?float $timeout): void
    {
        $this->transport->call('PUT', $this->pathOf($id), ifMatch: $ifMatch, timeout: $timeout);
    }

    public function delete(string $id, Model|string|null $ifMatch, ?float $timeout): void
    {
        $this->transport->call('DELETE', $this->pathOf($id), ifMatch: $ifMatch, timeout: $timeout);
    }

    private function pathOf(string $id): string
    {
        return "$this->path/" . self::checkId($id);
    }

    /** Ids become part of the path, where an empty one would address the list. */
    public static function checkId(string $id): string
    {
        if (preg_match('/^[A-Za-z0-9_-]+\z/', $id) === 1) {
            return $id;
        }
        $message = 'An id must be a string of letters and digits, not ' . json_encode($id) . '.';
        throw new \InvalidArgumentException($message);
    }
}

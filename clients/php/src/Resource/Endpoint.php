<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Model;
use Protocol\Page;
use Protocol\Transport;

/**
 * What the requests of one resource have in common.
 *
 * @template T of Model
 * @internal
 */
final readonly class Requests
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
        [$answer] = $this->transport->call('GET', $this->path, query: $params, timeout: $timeout);
        return new Page(
            $answer['has_more'],
            array_map(fn (array $object): Model => $this->model::of($object), $answer['data']),
            $backwards,
            fn (string $id): Page => $this->list([$cursor => $id] + $params, $timeout),
        );
    }

    /**
     * @param array<string, mixed> $params
     * @return T
     */
    public function make(array $params, ?string $idempotencyKey, ?float $timeout): Model
    {
        // One key a call: all tries of a call have the same, so that it takes effect once.
        $key = $idempotencyKey ?? bin2hex(random_bytes(16));
        return $this->model::of(...$this->transport
            ->call('POST', $this->path, body: $params, idempotencyKey: $key, timeout: $timeout));
    }

    /** @return T */
    public function get(string $id, ?float $timeout): Model
    {
        return $this->model::of(...$this->transport->call('GET', $this->at($id), timeout: $timeout));
    }

    /**
     * @param array<string, mixed> $changes
     * @return T
     */
    public function update(string $id, array $changes, Model|string|null $ifMatch, ?float $timeout): Model
    {
        return $this->model::of(...$this->transport
            ->call('PUT', $this->at($id), body: $changes, ifMatch: $ifMatch, timeout: $timeout));
    }

    public function put(string $id, Model|string|null $ifMatch, ?float $timeout): void
    {
        $this->transport->call('PUT', $this->at($id), ifMatch: $ifMatch, timeout: $timeout);
    }

    public function delete(string $id, Model|string|null $ifMatch, ?float $timeout): void
    {
        $this->transport->call('DELETE', $this->at($id), ifMatch: $ifMatch, timeout: $timeout);
    }

    private function at(string $id): string
    {
        return "$this->path/" . self::checkedId($id);
    }

    /** An id goes into the path: an empty one would name the list. */
    public static function checkedId(string $id): string
    {
        if (preg_match('/^[A-Za-z0-9_-]+\z/', $id) === 1) {
            return $id;
        }
        throw new \InvalidArgumentException('An id must be letters and digits, not ' . json_encode($id) . '.');
    }
}

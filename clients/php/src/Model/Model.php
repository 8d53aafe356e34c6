<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * A read-only object returned by the API: `$group->name` or `$group['name']`. It has all the properties that the API
 * returned, including those that this version does not list.
 *
 * @implements \ArrayAccess<string, mixed>
 */
abstract class Model implements \ArrayAccess, \JsonSerializable
{
    /** @param array<string, mixed> $properties */
    final private function __construct(private readonly array $properties, private readonly ?string $etag)
    {
    }

    /**
     * @param array<string, mixed> $properties
     * @internal
     */
    final public static function fromArray(array $properties, ?string $etag = null): static
    {
        return new static(static::parse($properties), $etag);
    }

    /** The ETag of an object returned by `get`, `create`, `send` or `update`; null for others, such as list items. */
    final public function etag(): ?string
    {
        return $this->etag;
    }

    /** @return array<string, mixed> */
    final public function toArray(): array
    {
        return array_map(self::toPlain(...), $this->properties);
    }

    final public function __get(string $name): mixed
    {
        if (!array_key_exists($name, $this->properties)) {
            throw new \OutOfBoundsException(sprintf('%s has no property `%s`.', static::class, $name));
        }
        return $this->properties[$name];
    }

    final public function __isset(string $name): bool
    {
        return isset($this->properties[$name]);
    }

    final public function __set(string $name, mixed $value): void
    {
        throw new \LogicException('API objects are read-only; call update() to change one.');
    }

    final public function __unset(string $name): void
    {
        $this->__set($name, null);
    }

    final public function offsetExists(mixed $offset): bool
    {
        return $this->__isset($offset);
    }

    final public function offsetGet(mixed $offset): mixed
    {
        return $this->__get($offset);
    }

    final public function offsetSet(mixed $offset, mixed $value): void
    {
        $this->__set((string) $offset, $value);
    }

    final public function offsetUnset(mixed $offset): void
    {
        $this->__set($offset, null);
    }

    /** @return array<string, mixed> */
    final public function jsonSerialize(): array
    {
        return $this->properties;
    }

    /**
     * Converts nested objects to models.
     *
     * @param array<string, mixed> $properties
     * @return array<string, mixed>
     */
    protected static function parse(array $properties): array
    {
        return $properties;
    }

    private static function toPlain(mixed $value): mixed
    {
        return match (true) {
            $value instanceof self => $value->toArray(),
            is_array($value) => array_map(self::toPlain(...), $value),
            default => $value,
        };
    }
}

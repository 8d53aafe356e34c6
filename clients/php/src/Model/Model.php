<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * An object as the API answered it, with all its properties, also those that this version does not know:
 * `$group->name` or `$group['name']`. It cannot be changed.
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
     * @param array<string, mixed> $answer
     * @internal
     */
    final public static function of(array $answer, ?string $etag = null): static
    {
        return new static(static::read($answer), $etag);
    }

    /** The ETag of an object that `get`, `create`, `send` or `update` answered; null for others, such as a list's. */
    final public function etag(): ?string
    {
        return $this->etag;
    }

    /** @return array<string, mixed> */
    final public function toArray(): array
    {
        return array_map(self::plain(...), $this->properties);
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
        throw new \LogicException('An answer cannot be changed; call update().');
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
     * The properties, with models for the objects among them.
     *
     * @param array<string, mixed> $answer
     * @return array<string, mixed>
     */
    protected static function read(array $answer): array
    {
        return $answer;
    }

    private static function plain(mixed $value): mixed
    {
        return match (true) {
            $value instanceof self => $value->toArray(),
            is_array($value) => array_map(self::plain(...), $value),
            default => $value,
        };
    }
}

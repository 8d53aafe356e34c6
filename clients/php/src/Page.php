<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Model\Model;

/**
 * `data`, newest first, and whether there is more. Iterating gives these objects and those of the pages after.
 *
 * @template T of Model
 * @implements \IteratorAggregate<int, T>
 */
final class Page implements \IteratorAggregate, \JsonSerializable
{
    /**
     * @param list<T> $data
     * @param \Closure(string): Page<T> $next Asks for the page after the object with this id.
     * @internal
     */
    public function __construct(
        public readonly bool $has_more,
        public readonly array $data,
        private readonly bool $backwards,
        private readonly \Closure $next,
    ) {
    }

    /**
     * The page after this one, in the direction of the list; null after the last.
     *
     * @return Page<T>|null
     */
    public function nextPage(): ?self
    {
        if (!$this->has_more || $this->data === []) {
            return null;
        }
        $last = $this->data[$this->backwards ? 0 : count($this->data) - 1];
        return ($this->next)($last->id);
    }

    /** @return \Generator<int, T> */
    public function getIterator(): \Generator
    {
        for ($page = $this; $page !== null; $page = $next) {
            $objects = $this->backwards ? array_reverse($page->data) : $page->data;
            $last = array_pop($objects);
            foreach ($objects as $object) {
                yield $object;
            }
            // The page after an object cannot be asked for once it is deleted, and loops may delete what they get.
            $next = $page->nextPage();
            if ($last !== null) {
                yield $last;
            }
        }
    }

    /** @return array{has_more: bool, data: list<T>} */
    public function jsonSerialize(): array
    {
        return ['has_more' => $this->has_more, 'data' => $this->data];
    }
}

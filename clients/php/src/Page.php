<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Model\Model;

/**
 * One page of a list, newest object first. Iterating continues through the pages that follow.
 *
 * @template T of Model
 * @implements \IteratorAggregate<int, T>
 */
final class Page implements \IteratorAggregate, \JsonSerializable
{
    /**
     * @param list<T> $data
     * @param \Closure(string): Page<T> $fetchPage Requests the page that follows the object with the given id.
     * @internal
     */
    public function __construct(
        public readonly bool $has_more,
        public readonly array $data,
        private readonly bool $backwards,
        private readonly \Closure $fetchPage,
    ) {
    }

    /**
     * Requests the next page in the list's direction; null if this is the last one.
     *
     * @return Page<T>|null
     */
    public function nextPage(): ?self
    {
        if (!$this->has_more || $this->data === []) {
            return null;
        }
        $last = $this->data[$this->backwards ? 0 : count($this->data) - 1];
        return ($this->fetchPage)($last->id);
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
            // The last object is the cursor of the next page, so that page is requested before it can be deleted.
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

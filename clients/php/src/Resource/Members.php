<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Contact;
use Protocol\Model\Group;
use Protocol\Page;
use Protocol\Transport;

/** The contacts that are members of a group. `$ifMatch` is asked of the group here. */
final readonly class Members
{
    /** @internal */
    public function __construct(private Transport $transport)
    {
    }

    /**
     * In the group's order.
     *
     * @param array{limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Contact>
     */
    public function list(string $groupId, array $params = [], ?float $timeout = null): Page
    {
        return $this->of($groupId)->list($params, $timeout);
    }

    /** At the end; one that is a member stays where it is. */
    public function add(
        string $groupId,
        string $contactId,
        Group|string|null $ifMatch = null,
        ?float $timeout = null,
    ): void {
        $this->of($groupId)->put($contactId, $ifMatch, $timeout);
    }

    public function remove(
        string $groupId,
        string $contactId,
        Group|string|null $ifMatch = null,
        ?float $timeout = null,
    ): void {
        $this->of($groupId)->delete($contactId, $ifMatch, $timeout);
    }

    /** @return Requests<Contact> */
    private function of(string $groupId): Requests
    {
        $path = '/v1/groups/' . Requests::checkedId($groupId) . '/contacts';
        return new Requests($this->transport, $path, Contact::class);
    }
}

<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Resource\Contacts;
use Protocol\Resource\Conversations;
use Protocol\Resource\Groups;
use Protocol\Resource\Messages;

/** Client for the Protocol API: groups, contacts, conversations and messages. */
final class ApiClient
{
    /** The package version. A test checks that it equals the one in composer.json. */
    public const VERSION = '0.1.0';

    public readonly Groups $groups;
    public readonly Contacts $contacts;
    public readonly Conversations $conversations;
    public readonly Messages $messages;

    /**
     * @param string|null $baseUrl Base URL of the API, including the base path if there is one. Default: the
     *                             environment variable PROTOCOL_API_BASE_URL, or https://api.protocol.chat. A
     *                             token that begins with `groups_` is never sent to the latter: without a base
     *                             URL, the constructor throws an InvalidArgumentException.
     * @param float $timeout Time limit of a call in seconds, including retries.
     * @param float $connectTimeout Time limit in seconds for establishing a connection, for each attempt.
     * @param int $maxRetries Maximum number of retries per call.
     */
    public function __construct(
        #[\SensitiveParameter] string $token,
        ?string $baseUrl = null,
        float $timeout = 60.0,
        float $connectTimeout = 10.0,
        int $maxRetries = 3,
    ) {
        $transport = new Transport($token, $baseUrl, $timeout, $connectTimeout, $maxRetries);
        $this->groups = new Groups($transport);
        $this->contacts = new Contacts($transport);
        $this->conversations = new Conversations($transport);
        $this->messages = new Messages($transport);
    }
}

<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * @property-read string $id
 * @property-read string $conversation_id
 * @property-read Contact|null $contact The sender, or null if the sender is you or a deleted contact.
 * @property-read string $message
 * @property-read list<array<string, list<string>>> $reactions For example [['red_angry_face' => ['KateMcCallister']]].
 * @property-read int|null $read_at
 * @property-read int $created_at
 * @property-read int|null $updated_at
 */
final class Message extends Model
{
    protected static function parse(array $properties): array
    {
        $contact = $properties['contact'];
        $properties['contact'] = $contact === null ? null : Contact::fromArray($contact);
        return $properties;
    }
}

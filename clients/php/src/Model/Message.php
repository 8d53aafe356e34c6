<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * @property-read string $id
 * @property-read string $conversation_id
 * @property-read Contact|null $contact The sender; null: you, or a contact that is deleted.
 * @property-read string $message
 * @property-read list<array<string, list<string>>> $reactions Such as [['red_angry_face' => ['KateMcCallister']]].
 * @property-read int|null $read_at
 * @property-read int $created_at
 * @property-read int|null $updated_at
 */
final class Message extends Model
{
    protected static function read(array $answer): array
    {
        $answer['contact'] = $answer['contact'] === null ? null : Contact::of($answer['contact']);
        return $answer;
    }
}

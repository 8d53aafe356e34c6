<?php

declare(strict_types=1);

use Protocol\ApiClient;
use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ApiException;
use Protocol\Exception\ApiTimeoutException;
use Protocol\Exception\AuthenticationException;
use Protocol\Exception\ConflictException;
use Protocol\Exception\NotFoundException;
use Protocol\Exception\PermissionDeniedException;
use Protocol\Exception\RateLimitException;
use Protocol\Exception\ServerException;
use Protocol\Exception\ValidationException;

$countOf = static fn (string $name): int => count(client()->groups->list(['query' => $name])->data);
$allFaults = [
    'cut_before', 'cut_after', 'cut_middle', '502', '503', '503:0', '429', '503,cut_after', 'cut_after,cut_middle',
];

$tests = [];
foreach ($allFaults as $faults) {
    $tests["create takes effect once despite $faults"] = function () use ($faults, $countOf): void {
        $name = uniqueWord();
        assertEqual(viaProxy($name, $faults)->groups->create(['name' => $name])->name, $name);
        assertEqual($countOf($name), 1);
        $requests = proxyReport($name)['requests'];
        assertEqual(count($requests), substr_count($faults, ',') + 2);
        assertEqual(count(array_unique(array_column($requests, 'idempotency_key'))), 1);
    };
}

return $tests + [
    'each error response throws its exception class with details from the API' => function (): void {
        $taken = ['username' => uniqueWord()];
        client()->contacts->create($taken);
        $unknown = new ApiClient('nobody');
        $readOnly = (new ApiClient(getenv('PROTOCOL_API_READ_ONLY_TOKEN')))->groups;
        $limited = viaProxy('limited', '429:1', maxRetries: 0);
        $large = ['name' => 'a', 'description' => str_repeat('a', 2 ** 20)];
        $groups = client()->groups;
        $rejections = [
            [fn () => $unknown->groups->list(), AuthenticationException::class, 401, 'unauthorized', null],
            [fn () => $readOnly->create(['name' => 'a']), PermissionDeniedException::class, 403, 'forbidden', null],
            [fn () => $groups->get('nothing'), NotFoundException::class, 404, 'not_found', null],
            [fn () => client()->contacts->create($taken), ConflictException::class, 409, 'conflict', 'username'],
            [fn () => $groups->create([]), ValidationException::class, 400, 'parameter_missing', 'name'],
            [fn () => $groups->list(['limit' => 0]), ValidationException::class, 400, 'parameter_invalid', 'limit'],
            [fn () => $groups->create($large), ValidationException::class, 413, 'body_too_large', null],
            [fn () => $limited->groups->list(), RateLimitException::class, 429, 'rate_limited', null],
            [fn () => viaProxy('failing', '500')->groups->list(), ServerException::class, 500, 'unavailable', null],
        ];
        foreach ($rejections as [$call, $class, $status, $code, $param]) {
            $error = assertThrows($class, $call);
            assertTrue($error instanceof ApiException);
            assertEqual([$error->status, $error->errorCode, $error->param], [$status, $code, $param]);
            assertTrue($error->getMessage() !== '' && $error->requestId && $error->documentationUrl && $error->type);
        }
    },

    'a response without JSON throws an exception' => function (): void {
        $error = assertThrows(ServerException::class, fn () => viaProxy('proxy', '502', maxRetries: 0)->groups->list());
        assertEqual([$error->status, $error->requestId], [502, 'of-the-proxy']);
        $html = assertThrows(ApiException::class, fn () => viaProxy('html', 'html')->groups->list());
        assertTrue(str_contains($html->getMessage(), 'not JSON'));
        $redirect = assertThrows(ApiException::class, fn () => viaProxy('redirect', 'redirect')->groups->list());
        assertEqual($redirect->status, 302);
        assertEqual(count(proxyReport('redirect')['requests']), 1);
    },

    'get, update and delete are retried' => function () use ($countOf): void {
        $name = uniqueWord();
        $id = client()->groups->create(['name' => $name])->id;
        assertEqual(viaProxy(uniqueWord(), 'cut_middle')->groups->get($id)->id, $id);
        assertEqual(viaProxy(uniqueWord(), 'cut_after')->groups->update($id, ['description' => '1'])->description, '1');
        // The retry gets 404 because the first attempt deleted the group.
        viaProxy(uniqueWord(), 'cut_after')->groups->delete($id);
        assertEqual($countOf($name), 0);
        assertThrows(NotFoundException::class, fn () => viaProxy(uniqueWord(), '429:0')->groups->delete($id));
    },

    'a conditional write whose outcome is unknown throws the original exception' => function (): void {
        $group = client()->groups->create(['name' => uniqueWord()]);
        $interrupted = fn () => viaProxy(uniqueWord(), 'cut_after')->groups
            ->update($group->id, ['description' => '1'], ifMatch: $group);
        assertThrows(ApiConnectionException::class, $interrupted);
        $current = client()->groups->get($group->id);
        $updated = viaProxy(uniqueWord(), 'cut_before')->groups
            ->update($group->id, ['description' => '2'], ifMatch: $current);
        assertEqual($updated->description, '2');
    },

    'errors that a retry cannot fix are not retried' => function (): void {
        $name = uniqueWord();
        assertThrows(ValidationException::class, fn () => viaProxy($name)->groups->create([]));
        assertThrows(ServerException::class, fn () => viaProxy($name, '500,500,500')->groups->list());
        assertEqual(count(proxyReport($name)['requests']), 2);
    },

    'retries are limited' => function (): void {
        $name = uniqueWord();
        $proxied = viaProxy($name, '503,503,503', maxRetries: 1);
        assertEqual(assertThrows(ServerException::class, fn () => $proxied->groups->list())->status, 503);
        assertEqual(count(proxyReport($name)['requests']), 2);
        $unreachable = new ApiClient('a', baseUrl: 'http://127.0.0.1:' . closedPort(), maxRetries: 1);
        $error = assertThrows(ApiConnectionException::class, fn () => $unreachable->groups->list());
        assertEqual($error->getMessage(), "GET /v1/groups: the connection failed (Couldn't connect to server).");
    },

    'Retry-After is honored unless it exceeds the timeout' => function (): void {
        $start = microtime(true);
        viaProxy(uniqueWord(), '429:1')->groups->list();
        assertTrue(microtime(true) - $start >= 1);
        foreach (['503:90', '503:date'] as $fault) {
            $name = uniqueWord();
            $error = assertThrows(ServerException::class, fn () => viaProxy($name, $fault)->groups->list());
            assertTrue($error->retryAfter >= 90);
            assertEqual(count(proxyReport($name)['requests']), 1);
        }
        assertTrue(microtime(true) - $start < 30);
    },

    'a call ends at its timeout, whatever the delay' => function (): void {
        // The last one must reach its second attempt.
        foreach (['hang' => 0.3, 'drip' => 0.3, '503:0,hang' => 1.2] as $faults => $timeout) {
            $start = microtime(true);
            $proxied = viaProxy(uniqueWord(), $faults, timeout: $timeout);
            assertThrows(ApiTimeoutException::class, fn () => $proxied->groups->list());
            assertTrue(microtime(true) - $start < 10);
        }
        assertThrows(ApiTimeoutException::class, fn () => viaProxy(uniqueWord(), 'hang')->groups->list(timeout: 0.2));
    },

    'connecting times out' => function (): void {
        if (PHP_OS_FAMILY !== 'Linux') {
            return; // Only Linux leaves connections beyond the backlog pending.
        }
        $context = stream_context_create(['socket' => ['backlog' => 0]]);
        $flags = STREAM_SERVER_BIND | STREAM_SERVER_LISTEN;
        $full = stream_socket_server('tcp://127.0.0.1:0', $errno, $message, $flags, $context);
        $address = stream_socket_get_name($full, false);
        $pending = stream_socket_client("tcp://$address");
        $start = microtime(true);
        $unreachable = new ApiClient('a', baseUrl: "http://$address", connectTimeout: 0.2, maxRetries: 1);
        assertThrows(ApiConnectionException::class, fn () => $unreachable->groups->list());
        assertTrue(microtime(true) - $start < 10);
        fclose($pending);
    },

    'consecutive calls reuse a connection' => function (): void {
        $name = uniqueWord();
        $proxied = viaProxy($name);
        $id = $proxied->groups->create(['name' => $name])->id;
        for ($count = 0; $count < 20; $count++) {
            $proxied->groups->get($id);
        }
        assertThrows(NotFoundException::class, fn () => $proxied->groups->get('nothing'));
        $proxied->groups->delete($id);
        ['connections' => $connections, 'requests' => $requests] = proxyReport($name);
        assertEqual([$connections, count($requests)], [1, 23]);
    },
];

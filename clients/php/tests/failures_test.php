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
$breaks = [
    'cut_before', 'cut_after', 'cut_middle', '502', '503', '503:0', '429', '503,cut_after', 'cut_after,cut_middle',
];

$tests = [];
foreach ($breaks as $steps) {
    $tests["a create through $steps takes effect once"] = function () use ($steps, $countOf): void {
        $name = word();
        equal(proxied($name, $steps)->groups->create(['name' => $name])->name, $name);
        equal($countOf($name), 1);
        $requests = report($name)['requests'];
        equal(count($requests), substr_count($steps, ',') + 2);
        equal(count(array_unique(array_column($requests, 'idempotency_key'))), 1);
    };
}

return $tests + [
    'each refusal is an exception of its class, with what the API says' => function (): void {
        $taken = ['username' => word()];
        client()->contacts->create($taken);
        $nobody = new ApiClient('nobody');
        $readOnly = (new ApiClient(getenv('PROTOCOL_API_READ_ONLY_TOKEN')))->groups;
        $limited = proxied('limited', '429:1', maxRetries: 0);
        $large = ['name' => 'a', 'description' => str_repeat('a', 2 ** 20)];
        $groups = client()->groups;
        $refusals = [
            [fn () => $nobody->groups->list(), AuthenticationException::class, 401, 'unauthorized', null],
            [fn () => $readOnly->create(['name' => 'a']), PermissionDeniedException::class, 403, 'forbidden', null],
            [fn () => $groups->get('nothing'), NotFoundException::class, 404, 'not_found', null],
            [fn () => client()->contacts->create($taken), ConflictException::class, 409, 'conflict', 'username'],
            [fn () => $groups->create([]), ValidationException::class, 400, 'parameter_missing', 'name'],
            [fn () => $groups->list(['limit' => 0]), ValidationException::class, 400, 'parameter_invalid', 'limit'],
            [fn () => $groups->create($large), ValidationException::class, 413, 'body_too_large', null],
            [fn () => $limited->groups->list(), RateLimitException::class, 429, 'rate_limited', null],
            [fn () => proxied('ill', '500')->groups->list(), ServerException::class, 500, 'unavailable', null],
        ];
        foreach ($refusals as [$call, $class, $status, $code, $param]) {
            $error = fails($class, $call);
            holds($error instanceof ApiException);
            equal([$error->status, $error->errorCode, $error->param], [$status, $code, $param]);
            holds($error->getMessage() !== '' && $error->requestId && $error->documentationUrl && $error->type);
        }
    },

    'what a proxy answers without JSON is an exception too' => function (): void {
        $error = fails(ServerException::class, fn () => proxied('proxy', '502', maxRetries: 0)->groups->list());
        equal([$error->status, $error->requestId], [502, 'of-the-proxy']);
        $html = fails(ApiException::class, fn () => proxied('html', 'html')->groups->list());
        holds(str_contains($html->getMessage(), 'not JSON'));
        equal(fails(ApiException::class, fn () => proxied('redirect', 'redirect')->groups->list())->status, 302);
        equal(count(report('redirect')['requests']), 1);
    },

    'reads, changes and deletes are tried again' => function () use ($countOf): void {
        $name = word();
        $id = client()->groups->create(['name' => $name])->id;
        equal(proxied(word(), 'cut_middle')->groups->get($id)->id, $id);
        equal(proxied(word(), 'cut_after')->groups->update($id, ['description' => '1'])->description, '1');
        // The second try finds nothing: the first has deleted it.
        proxied(word(), 'cut_after')->groups->delete($id);
        equal($countOf($name), 0);
        fails(NotFoundException::class, fn () => proxied(word(), '429:0')->groups->delete($id));
    },

    'a conditional write of which nobody knows whether it took effect is told as that' => function (): void {
        $group = client()->groups->create(['name' => word()]);
        $lost = fn () => proxied(word(), 'cut_after')->groups
            ->update($group->id, ['description' => '1'], ifMatch: $group);
        fails(ApiConnectionException::class, $lost);
        $now = client()->groups->get($group->id);
        $kept = proxied(word(), 'cut_before')->groups->update($group->id, ['description' => '2'], ifMatch: $now);
        equal($kept->description, '2');
    },

    'what is wrong is not tried again' => function (): void {
        $name = word();
        fails(ValidationException::class, fn () => proxied($name)->groups->create([]));
        fails(ServerException::class, fn () => proxied($name, '500,500,500')->groups->list());
        equal(count(report($name)['requests']), 2);
    },

    'tries are bounded' => function (): void {
        $name = word();
        $through = proxied($name, '503,503,503', maxRetries: 1);
        equal(fails(ServerException::class, fn () => $through->groups->list())->status, 503);
        equal(count(report($name)['requests']), 2);
        $nobody = new ApiClient('a', baseUrl: 'http://127.0.0.1:' . closedPort(), maxRetries: 1);
        $error = fails(ApiConnectionException::class, fn () => $nobody->groups->list());
        equal($error->getMessage(), "GET /v1/groups: the connection failed (Couldn't connect to server).");
    },

    'Retry-After is kept to, and not waited for where it is too long' => function (): void {
        $start = microtime(true);
        proxied(word(), '429:1')->groups->list();
        holds(microtime(true) - $start >= 1);
        foreach (['503:90', '503:date'] as $step) {
            $name = word();
            holds(fails(ServerException::class, fn () => proxied($name, $step)->groups->list())->retryAfter >= 90);
            equal(count(report($name)['requests']), 1);
        }
        holds(microtime(true) - $start < 30);
    },

    'a call ends with its timeout, whatever takes the time' => function (): void {
        // The last has to come as far as its second try.
        foreach (['hang' => 0.3, 'drip' => 0.3, '503:0,hang' => 1.2] as $steps => $timeout) {
            $start = microtime(true);
            fails(ApiTimeoutException::class, fn () => proxied(word(), $steps, timeout: $timeout)->groups->list());
            holds(microtime(true) - $start < 10);
        }
        fails(ApiTimeoutException::class, fn () => proxied(word(), 'hang')->groups->list(timeout: 0.2));
    },

    'a connection that is not made is given up' => function (): void {
        if (PHP_OS_FAMILY !== 'Linux') {
            return; // Only Linux leaves a connection waiting that does not fit.
        }
        $context = stream_context_create(['socket' => ['backlog' => 0]]);
        $flags = STREAM_SERVER_BIND | STREAM_SERVER_LISTEN;
        $full = stream_socket_server('tcp://127.0.0.1:0', $errno, $message, $flags, $context);
        $address = stream_socket_get_name($full, false);
        $waiting = stream_socket_client("tcp://$address");
        $start = microtime(true);
        $nobody = new ApiClient('a', baseUrl: "http://$address", connectTimeout: 0.2, maxRetries: 1);
        fails(ApiConnectionException::class, fn () => $nobody->groups->list());
        holds(microtime(true) - $start < 10);
        fclose($waiting);
    },

    'calls one after the other share a connection' => function (): void {
        $name = word();
        $through = proxied($name);
        $id = $through->groups->create(['name' => $name])->id;
        for ($count = 0; $count < 20; $count++) {
            $through->groups->get($id);
        }
        fails(NotFoundException::class, fn () => $through->groups->get('nothing'));
        $through->groups->delete($id);
        ['connections' => $connections, 'requests' => $requests] = report($name);
        equal([$connections, count($requests)], [1, 23]);
    },
];

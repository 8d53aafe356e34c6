<?php

declare(strict_types=1);

/**
 * Runs the tests in this directory, or only those whose name contains TEXT: php tests/run.php [TEXT]
 *
 * They run against a server, directly or through a proxy that injects the faults named in its URL
 * (tests/clients/proxy.rs).
 */

require __DIR__ . '/autoload.php';
require __DIR__ . '/support.php';

$failed = 0;
$tests = [];
foreach (glob(__DIR__ . '/*_test.php') as $file) {
    $tests += require $file;
}
foreach ($tests as $name => $test) {
    if (!str_contains($name, $argv[1] ?? '')) {
        continue;
    }
    try {
        $test();
        echo "ok $name\n";
    } catch (Throwable $error) {
        $failed++;
        echo "FAILED $name\n$error\n";
    }
}
echo $failed === 0 ? "all passed\n" : "$failed failed\n";
exit($failed === 0 ? 0 : 1);

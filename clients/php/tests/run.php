<?php

declare(strict_types=1);

/**
 * Runs the tests beside it, or those whose name has a word: php tests/run.php [WORD]
 *
 * They need a server and a proxy that does to requests what its path says (tests/clients/proxy.rs).
 */

require __DIR__ . '/autoload.php';
require __DIR__ . '/site.php';

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

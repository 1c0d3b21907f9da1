# SPDX-License-Identifier: Apache-2.0
"""The libraries that other projects publish for their own protocols, unchanged, against a desk.

They come from the npm registry into build/clients/; their versions are held so that a run says
the same tomorrow. Each sends with its own compression, batches and retries.
"""

import json
import os
import shutil
import subprocess
import time

import pytest

import senders
from harness import Desk, until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(os.environ.get('TRUCBAN_BUILD', os.path.join(TOP, 'build')), 'clients',
                      'npm')
PACKAGES = {
    '@elastic/elasticsearch': '9.4.3',
    '@opentelemetry/api-logs': '0.223.1',
    '@opentelemetry/exporter-logs-otlp-http': '0.223.1',
    '@opentelemetry/exporter-logs-otlp-proto': '0.223.1',
    '@opentelemetry/sdk-logs': '0.223.1',
    'pino': '10.4.0',
    'pino-loki': '3.0.0',
    'snappy': '7.4.3',
    'splunk-logging': '0.11.1',
    'winston': '3.19.0',
    'winston-loki': '6.1.7',
}
N = 3000


@pytest.fixture(scope='module')
def node():
    """Runs a module with the libraries at hand; returns what it printed."""
    if shutil.which('npm') is None:
        pytest.skip('no npm')
    os.makedirs(FOLDER, exist_ok=True)
    wanted = json.dumps({'private': True, 'type': 'module', 'dependencies': PACKAGES})
    path = os.path.join(FOLDER, 'package.json')
    if not os.path.exists(path) or open(path, encoding='utf-8').read() != wanted:
        with open(path + '.new', 'w', encoding='utf-8') as f:
            f.write(wanted)
        shutil.copy(path + '.new', path)
        done = subprocess.run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund'],
                              cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            os.unlink(path)
            pytest.skip('no npm registry')
    return Node


class Node:
    """A running client."""

    def __init__(self, script, *args):
        self.child = subprocess.Popen(['node', '--input-type=module', '-e', script, '--', *args],
                                      cwd=FOLDER, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end(self, seconds=120):
        out, _ = self.child.communicate(timeout=seconds)
        text = out.decode('utf-8', 'replace')
        assert self.child.returncode == 0, text[-3000:]
        return text


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('desk'), listen=('http',)) as d:
        yield d


def url(desk, path=''):
    return 'http://127.0.0.1:%d%s' % (desk.port['http'], path)


def counted(desk, prefix):
    """id -> how often it is there, of the records that this client sent."""
    found = {}
    for row in desk.search(prefix + '*'):
        at = row['_msg'].find(prefix)
        ident = row['_msg'][at:at + len(prefix) + 7] if at >= 0 else row['_msg']
        found[ident] = found.get(ident, 0) + 1
    return found


def assert_each_once(desk, prefix, n=N):
    until('%d records' % n, lambda: len(counted(desk, prefix)) >= n, 30)
    found = counted(desk, prefix)
    assert len(found) == n
    assert set(found.values()) == {1}


ELASTIC = """
import { Client } from '@elastic/elasticsearch';
const [node, prefix, n] = process.argv.slice(1);
const client = new Client({ node, compression: true, maxRetries: 20, requestTimeout: 5000 });
const docs = [];
for (let i = 1; i <= n; i++)
	docs.push({ '@timestamp': new Date().toISOString(), message: prefix +
	    String(i).padStart(7, '0'), host: { name: 'may01' }, event: { code: i } });
const done = await client.helpers.bulk({ datasource: docs, flushBytes: 20000, wait: 200,
    retries: 20, onDocument: () => ({ create: { _index: 'logs-a-b' } }) });
console.log(JSON.stringify(done));
"""


def test_elasticsearch(desk, node):
    ids = senders.Ids()
    said = json.loads(node(ELASTIC, url(desk), ids.prefix, str(N)).end())
    assert (said['successful'], said['failed']) == (N, 0)
    assert_each_once(desk, ids.prefix)
    row = desk.search(ids.prefix + '0000042')[0]
    assert row['host.name'] == 'may01' and row['event.code'] == '42'


def test_elasticsearch_goes_on_when_the_desk_died_and_came_back(tmp_path, node):
    ids = senders.Ids()
    with Desk(tmp_path, listen=('http',)) as desk:
        client = node(ELASTIC, url(desk), ids.prefix, str(20 * N))
        until('first records', lambda: counted(desk, ids.prefix), 30)
        desk.kill()
        time.sleep(1)
        desk.start()
        said = json.loads(client.end())
        assert said['successful'] == 20 * N
        until('all', lambda: len(counted(desk, ids.prefix)) == 20 * N, 30)


OTLP = """
import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { SeverityNumber } from '@opentelemetry/api-logs';
const [url, prefix, n, form] = process.argv.slice(1);
const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-' + form);
const exporter = new OTLPLogExporter({ url, compression: 'gzip', concurrencyLimit: 3 });
const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: 1000000,
    maxExportBatchSize: 100, scheduledDelayMillis: 50 });
const provider = new LoggerProvider({ processors: [processor] });
const logger = provider.getLogger('cong', '1.2');
for (let i = 1; i <= n; i++)
	logger.emit({ severityNumber: SeverityNumber.WARN, severityText: 'WARN',
	    body: prefix + String(i).padStart(7, '0'), attributes: { 'user.name': 'an', lan: i,
	    list: ['a', 'b'] } });
await provider.forceFlush();
await provider.shutdown();
"""


@pytest.mark.parametrize('form', ['http', 'proto'])
def test_opentelemetry(desk, node, form):
    ids = senders.Ids()
    node(OTLP, url(desk, '/v1/logs'), ids.prefix, str(N), form).end()
    assert_each_once(desk, ids.prefix)


def test_opentelemetry_goes_on_when_the_desk_died_and_came_back(tmp_path, node):
    ids = senders.Ids()
    with Desk(tmp_path, listen=('http',)) as desk:
        client = node(OTLP, url(desk, '/v1/logs'), ids.prefix, str(20 * N), 'proto')
        until('first records', lambda: counted(desk, ids.prefix), 30)
        desk.kill()
        desk.start()
        client.end()
        until('all', lambda: len(counted(desk, ids.prefix)) == 20 * N, 30)


SPLUNK = """
import splunk from 'splunk-logging';
const [url, prefix, n, token] = process.argv.slice(1);
const logger = new splunk.Logger({ token, url, maxBatchCount: 200, maxRetries: 5 });
let failed = 0;
logger.error = (e) => { failed++; console.log(String(e)); };
for (let i = 1; i <= n; i++)
	logger.send({ message: prefix + String(i).padStart(7, '0'),
	    severity: 'warning', metadata: { host: 'may01', source: 'thu',
	    sourcetype: 'httpevent' } });
await new Promise((done) => logger.flush((e, r, body) => { console.log(JSON.stringify(body));
    done(); }));
setTimeout(() => process.exit(failed ? 1 : 0), 1000);
"""


def test_splunk(tmp_path, node):
    ids = senders.Ids()
    tokens = tmp_path / 'tokens'
    tokens.write_text('fw01 11111111-2222-3333-4444-555555555555\n')
    with Desk(tmp_path / 'desk', listen=('http',),
              options={'http': {'token_file': str(tokens)}}) as desk:
        node(SPLUNK, url(desk), ids.prefix, str(N), '11111111-2222-3333-4444-555555555555').end()
        assert_each_once(desk, ids.prefix)
        wrong = senders.Ids()
        client = node(SPLUNK, url(desk), wrong.prefix, '10', '00000000-2222-3333-4444-555555555555')
        out, _ = client.child.communicate(timeout=60)
        assert client.child.returncode == 1 and b'unknown name or secret' in out, out
        assert counted(desk, wrong.prefix) == {}


WINSTON = """
import winston from 'winston';
import LokiTransport from 'winston-loki';
const [host, prefix, n, form] = process.argv.slice(1);
const transport = new LokiTransport({ host, labels: { app: 'cong' }, json: form === 'json',
    batching: true, interval: 1, timeout: 5000, onConnectionError: (e) => console.log(e) });
const logger = winston.createLogger({ transports: [transport] });
for (let i = 1; i <= n; i++)
	logger.info({ message: prefix + String(i).padStart(7, '0'), labels: { muc: i % 3 } });
await transport.flush();
process.exit(0);
"""


@pytest.mark.parametrize('form', ['json', 'protobuf'])
def test_loki_by_winston(desk, node, form):
    ids = senders.Ids()
    node(WINSTON, url(desk), ids.prefix, str(N), form).end()
    assert_each_once(desk, ids.prefix)
    assert desk.search(ids.prefix + '0000042')[0]['app'] == 'cong'


PINO = """
import pino from 'pino';
const [host, prefix, n] = process.argv.slice(1);
const transport = pino.transport({ target: 'pino-loki', options: { host, batching: { interval: 1 },
    labels: { application: 'cong' } } });
const logger = pino(transport);
for (let i = 1; i <= n; i++)
	logger.warn({ lan: i }, prefix + String(i).padStart(7, '0'));
transport.end();
setTimeout(() => process.exit(0), 5000);
"""


def test_loki_by_pino(desk, node):
    ids = senders.Ids()
    node(PINO, url(desk), ids.prefix, str(N)).end()
    assert_each_once(desk, ids.prefix)

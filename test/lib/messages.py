# SPDX-License-Identifier: Apache-2.0
"""Bodies as other projects' clients write them, by the pages that those projects publish.

Protocol Buffers (protobuf.dev, "Encoding"), snappy's block format (format_description.txt), Loki's
push.proto, OpenTelemetry's logs.proto, the systemd journal export format. Written from those alone,
so that the desk's readers are not tested with their own idea of them.
"""

import struct


# ---- protobuf ----

def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """int: varint; float: fixed64 as double; str, bytes: with a length."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack('<d', value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed64(number, value):
    return varint(number << 3 | 1) + struct.pack('<Q', value)


def fixed32(number, value):
    return varint(number << 3 | 5) + struct.pack('<I', value)


# ---- snappy ----

def snappy(data):
    """A block: literals, and copies of what stands up to 2,047 octets before."""
    out, at, seen = bytearray(varint(len(data))), 0, {}
    begin = 0

    def literal(part):
        if not part:
            return b''
        n = len(part) - 1
        if n < 60:
            return bytes([n << 2]) + part
        size = (n.bit_length() + 7) // 8
        return bytes([59 + size << 2]) + n.to_bytes(size, 'little') + part

    while at + 4 <= len(data):
        key = data[at:at + 4]
        before = seen.get(key)
        seen[key] = at
        if before is None or at - before > 65535:
            at += 1
            continue
        n = 4
        while n < 64 and at + n < len(data) and data[before + n] == data[at + n]:
            n += 1
        out += literal(data[begin:at])
        if n < 12 and at - before < 2048:
            out += bytes([1 | n - 4 << 2 | (at - before) >> 8 << 5, at - before & 255])
        else:
            out += bytes([2 | n - 1 << 2]) + struct.pack('<H', at - before)
        at += n
        begin = at
    return bytes(out + literal(data[begin:]))


# ---- Loki ----

def quoted(text):
    """A label's value as Go's strconv.Quote writes it."""
    out = ''
    for c in text:
        out += {'"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t'}.get(c) or (
            c if c.isprintable() else '\\x%02x' % ord(c) if ord(c) < 128 else '\\u%04x' % ord(c))
    return '"' + out + '"'


def loki_proto(streams):
    """streams: (labels as a dict, [(ns, line, metadata as a dict)])."""
    out = b''
    for labels, entries in streams:
        text = '{' + ', '.join('%s=%s' % (k, quoted(v)) for k, v in labels.items()) + '}'
        stream = field(1, text)
        for ns, line, metadata in entries:
            entry = field(1, field(1, ns // 10 ** 9) + field(2, ns % 10 ** 9)) + field(2, line)
            for k, v in metadata.items():
                entry += field(3, field(1, k) + field(2, v))
            stream += field(2, entry)
        out += field(1, stream + field(3, 12345))
    return out


def loki_json(streams):
    return {'streams': [{'stream': labels, 'values': [
        [str(ns), line] + ([metadata] if metadata else []) for ns, line, metadata in entries]}
        for labels, entries in streams]}


# ---- OpenTelemetry ----

def any_proto(value):
    if value is None:
        return b''
    if isinstance(value, bool):
        return field(2, int(value))
    if isinstance(value, int):
        return field(3, value)
    if isinstance(value, float):
        return field(4, value)
    if isinstance(value, str):
        return field(1, value)
    if isinstance(value, bytes):
        return field(7, value)
    if isinstance(value, dict):
        return field(6, b''.join(field(1, pair_proto(k, v)) for k, v in value.items()))
    return field(5, b''.join(field(1, any_proto(v)) for v in value))


def pair_proto(key, value):
    return field(1, key) + field(2, any_proto(value))


def any_json(value):
    if value is None:
        return {}
    if isinstance(value, bool):
        return {'boolValue': value}
    if isinstance(value, int):
        return {'intValue': str(value)}
    if isinstance(value, float):
        return {'doubleValue': value}
    if isinstance(value, str):
        return {'stringValue': value}
    if isinstance(value, bytes):
        import base64
        return {'bytesValue': base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {'kvlistValue': {'values': pairs_json(value)}}
    return {'arrayValue': {'values': [any_json(v) for v in value]}}


def pairs_json(attributes):
    return [{'key': k, 'value': any_json(v)} for k, v in attributes.items()]


# name here: (number in logs.proto, its type there, name in JSON)
LOG = {'time': (1, 'fixed64', 'timeUnixNano'), 'observed': (11, 'fixed64', 'observedTimeUnixNano'),
       'severity': (2, 'int', 'severityNumber'), 'severity_text': (3, 'str', 'severityText'),
       'dropped': (7, 'int', 'droppedAttributesCount'), 'flags': (8, 'fixed32', 'flags'),
       'trace': (9, 'hex', 'traceId'), 'span': (10, 'hex', 'spanId'),
       'event': (12, 'str', 'eventName')}


def log_proto(log):
    out = b''
    for name, value in log.items():
        if name == 'body':
            out += field(5, any_proto(value))
        elif name == 'attributes':
            out += b''.join(field(6, pair_proto(k, v)) for k, v in value.items())
        else:
            number, kind, _ = LOG[name]
            out += {'fixed64': fixed64, 'fixed32': fixed32, 'int': field, 'str': field,
                    'hex': lambda n, v: field(n, bytes.fromhex(v))}[kind](number, value)
    return out


def log_json(log):
    out = {}
    for name, value in log.items():
        if name == 'body':
            out['body'] = any_json(value)
        elif name == 'attributes':
            out['attributes'] = pairs_json(value)
        else:
            out[LOG[name][2]] = str(value) if LOG[name][1] == 'fixed64' else value
    return out


def otlp_proto(groups):
    """groups: (resource's attributes, scope's name and version, [logs])."""
    out = b''
    for resource, (name, version), logs in groups:
        about = b''.join(field(1, pair_proto(k, v)) for k, v in resource.items())
        scope = field(1, field(1, name) + field(2, version))
        scope += b''.join(field(2, log_proto(log)) for log in logs)
        out += field(1, field(1, about) + field(2, scope))
    return out


def otlp_json(groups):
    return {'resourceLogs': [{'resource': {'attributes': pairs_json(resource)}, 'scopeLogs': [
        {'scope': {'name': name, 'version': version}, 'logRecords': [log_json(x) for x in logs]}]}
        for resource, (name, version), logs in groups]}


# ---- the journal ----

def journal_field(name, value):
    plain = b'\n' not in value and all(c >= 32 or c == 9 for c in value)
    try:
        value.decode()
    except UnicodeDecodeError:
        plain = False
    return name.encode() + (b'=' + value if plain else
                            b'\n' + struct.pack('<Q', len(value)) + value) + b'\n'


def journal(entries):
    """entries: lists of (name, octets)."""
    return b''.join(b''.join(journal_field(*field) for field in fields) + b'\n'
                    for fields in entries)

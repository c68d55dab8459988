// Verifies Tallystick codes, version 1. § is a section of code-v1.md. A block's } ends its last line.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
export class Refusal extends Error {} // its .failure is a class of §14, or null where the context is at fault
function must(holds, failure = 'malformed', message = failure) {
  if (!holds) throw Object.assign(new Refusal(message), { failure });
  return holds; }
const unhex = (hex) => Buffer.from(hex, 'hex');
const sha256 = (data) => crypto.createHash('sha256').update(data, 'hex').digest('hex'); // or of hex
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ', valueOf = (char) => ALPHABET.indexOf(char); // §4
const anyOf = (points) => new RegExp(`[${points.replace(/\w+/g, '\\u{$&}').replace(/\s+/g, '')}]`, 'gu');
const CLEAN_UP = [ // §4, steps 2 to 8: what is replaced, and by what
  ...Array(3).fill([/(?:%[0-9A-Fa-f]{2})+/g, (run) => unhex(run.replaceAll('%', '')).toString()]),
  [anyOf('B-D 1C-1F 85 2028 2029'), '\n'], [anyOf('00A0 1680 2000-200A 202F 205F 2800 3000'), ' '],
  [anyOf(`00AF 02D7 058A 05BE 1400 1806 2010-2015 203E 2043 2053 207B 208B 2212 23AF 2500-257F 2796 2E17 2E1A
    2E3A-2E3B 2E40 2E5D 301C 3030 30A0 30FC FE31-FE32 FE58 FE63 FF70 10D6E 10EAD`), '-'],
  [anyOf(`00AB 00B4 00BB 02B9-02BF 02C8 02CA-02CB 2018-201F 2032-2037 2039-203A 275B-275E 276E-276F 2E02-2E05
    2E09-2E0A 2E0C-2E0D 2E1C-2E1D 2E20-2E21 300C-300F 301D-301F`), "'"],
  [anyOf('00AD 034F 061C 180B-180E 200B-200F 202A-202E 2060-206F FE00-FE0F FEFF'), ''],
  [/[\uFF01-\uFF5E]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xFEE0)],
  [/^[ \t>|]*(?:`{3,}|~{3,})(?:text|txt|plain|plaintext|code|console|bash|sh|none)?[ \t]*$/gm, ''],
  [/^[ \t>|]*#{1,6}(?=[ \t])/gm, ''], [/(?<![0-9A-Za-z])[0-9]{1,3}[ \t*_`']{0,4}:/g, ''],
  [/^[ \t>|*_#'-]*[0-9]{1,3}\\?[.)](?=[ \t])/gm, ''], [/\\(?=[-_*`>|#~+.'\n]|(?![\s\S]))/g, ''],
  [/(?<![0-9A-Za-z])\*|\*(?![0-9A-Za-z])/g, ''], [/[_'"`~>|=+,;. \t\n\r-]/g, ''],
  [/[a-z]/g, (letter) => letter.toUpperCase()], [/O/g, '0'], [/[IL]/g, '1']];
function cleanUp(text) { // §4
  must(typeof text === 'string' && text.length <= 131072 && [...text].length <= 65536);
  const code = CLEAN_UP.reduce((before, [from, to]) => before.replace(from, to), text);
  const place = code.length > 2046 ? 2047 : code.search(/[^0-9A-HJKMNP-TV-Z]/) + 1;
  return must(place === 0, 'malformed', `character ${place} (group ${Math.ceil(place / 4)})`) && code; }
function parityIsRight(code) { // §4.2
  const multiply = (a, b) => (b > 0 ? (b & 1) * a ^ multiply((a << 1) ^ (a & 512 ? 1033 : 0), b >> 1) : 0);
  const symbols = (code.match(/../g) ?? []).map(([high, low]) => valueOf(high) * 32 + valueOf(low));
  const isRoot = (root) => symbols.reduce((sum, symbol) => multiply(sum, root) ^ symbol, 0) === 0;
  return [2, 4, 8, 16, 32, 64, 128, 256].every(isRoot); }
const repeat = (word) => Array(Number(word.split('×')[1] ?? 1)).fill(parseInt(word, 10)); // §7
const OWNERS = Object.fromEntries(`EXTENSION 255 1; RARELY 15 1; MOSTLY 1 15; CHARACTER-SET 12 2 2;
  CATALOGUE-SIZE 1×6 2 3 4 4 3 2 2 1 1 1; FEW 28 2 1 1; CODE-NUMBER 5 6 8 8 7 5 4 3 1×18; EPOCH 56 3 1×14;
  NUMBER 36 14 6 3 1×12; LAST-NUMBER 10 34 10 4 2 1×12; SERIAL 16 10 8 6 4 3 1×18; REVOKED 52 6 3 1×4;
  NUMBERED 6 18 12 10 8 5 3 1 1; SPELLED 51 4 3 1×6; LAST-POSITION 1×3 2 2 3 4 7 12 18 6 3 1×4; SHARED 4 3 3 3
  2 1 1; LINES-OF-TAG 248 2 1×6; COUNT 28 17×12 4 1×10; FIRST-TERM 26 0 0 38; SECOND-TERM 26 24 0 14;
  LATER-TERM 26 22 7 9; STARTS-AT-ISSUE 5 11; OFFSET 1 1 2 4 8 14 24 20 8 8 4 2 1×4; YEARS 6 14 1 13 1 13 1 12
  1×3; DAYS-LONG 1×4 2 3 4 6 8 12 16 14 4 2 1 1; FLAGS 250 2×3`.split(/;\s+/).map((row) => row.split(/\s+/))
  .map(([name, ...row]) => [name, row.flatMap(repeat).flatMap((weight, at) => Array(weight).fill(at))]));
const SETS = ['0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-', '0123456789abcdefghijklmnopqrstuvwxyz-_.',
  String.fromCharCode(...Array(127).keys()).slice(32)], DAY = 86400000, DAY_0 = Date.UTC(2000, 0, 1); // §7
const iso = (time, length = 10) => new Date(time).toISOString().slice(0, length);
const lastDay = (first, years) => new Date(first).setUTCFullYear(Number(iso(first, 4)) + years) - DAY; // §9.1
const isSorted = (list) => list.every((item, index) => index === 0 || list[index - 1] < item);
const orderOf = ({ term, export_controlled: a, reporting_only: b }) => [term?.start, term?.end, b, a].join();
const inOrder = (lines) => must(isSorted(lines.map(orderOf))) && lines; // of one tag
function fieldsOf(kind, bytes) { // §6 to §9
  let number = BigInt(`0x0${bytes.toString('hex')}`), terms = [], issued = '';
  const uniform = (radix, big = BigInt(radix), value = number % big) => {
    number /= big;
    return Number(value); };
  const choice = (name, owners = OWNERS[name], point = uniform(owners.length), index = owners[point]) => {
    const first = owners.indexOf(index), weight = owners.lastIndexOf(index) - first + 1;
    number = number * BigInt(weight) + BigInt(point - first);
    return index; };
  const magnitude = (name, octave = 2 ** choice(name)) => octave + uniform(octave);
  const times = (count, take) => Array.from({ length: count }, () => take());
  const pick = (size, ...names) => must(names[uniform(size)], 'newer-version');
  const hex = (size) => Buffer.from(times(size, () => uniform(256))).reverse().toString('hex');
  const uuid = () => hex(16).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const day = () => iso(DAY_0 + uniform(2 ** 16) * DAY);
  const minute = () => `${iso(Date.UTC(2024, 0, 1) + uniform(2 ** 26) * 60000, 16)}Z`;
  const text = (before = '') => { // of a spelled tag, the rest of it
    const set = SETS[choice('CHARACTER-SET')], rest = times(uniform(64) + 1, () => set[uniform(set.length)]);
    must(set === SETS.find((chars) => rest.every((char) => chars.includes(char))));
    return must(/^(?! ).{1,64}(?<! )$/.exec(before + rest.join('')))[0]; };
  const sketch = (count = uniform(16)) =>
    ({ required: uniform(count + 1), components: times(count, () => uniform(2 ** 24)) });
  const positions = (count, last, start = 0, position = start) => { // §9
    if (count < 2) return count === 1 ? [last] : [];
    const step = Math.max(1, Math.floor(((last - start) * 11) / (16 * count)));
    while (uniform(2) === 1) position += step;
    position += uniform(step);
    return must(position < last) && [position, ...positions(count - 1, last, position + 1)]; };
  const tags = () => { // §9
    const numbered = magnitude('NUMBERED') - 1, count = numbered + magnitude('SPELLED') - 1;
    const found = must(count <= 255) && positions(numbered, numbered && magnitude('LAST-POSITION') - 1);
    for (let before = ''; found.length < count; before = found.at(-1)) {
      const shared = magnitude('SHARED') - 1, tag = text(before.slice(0, shared));
      must(shared <= before.length && before[shared] !== tag[shared] && before < tag && found.push(tag)); }
    return found; };
  const newTerm = () => { // §9.1
    const away = choice('STARTS-AT-ISSUE') === 1 ? 0 : (uniform(2) === 1 ? -1 : 1) * magnitude('OFFSET');
    const first = Date.parse(issued.slice(0, 10)) + away * DAY, years = choice('YEARS');
    const last = years > 0 ? lastDay(first, years) : first + (magnitude('DAYS-LONG') - 1) * DAY;
    const isWhole = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].some((count) => lastDay(first, count) === last);
    must(first >= DAY_0 && last <= DAY_0 + 65535 * DAY && isWhole === years > 0);
    return must(!terms.includes(iso(first) + iso(last))) && iso(first) + iso(last); };
  const takeTerm = () => {
    const ways = [() => '', () => terms[0], () => terms[1 + uniform(terms.length - 1)], newTerm];
    const term = ways[choice(['FIRST-TERM', 'SECOND-TERM', 'LATER-TERM'][Math.min(terms.length, 2)])]();
    terms = [term, ...terms].filter((known, index) => known !== '' && (known !== term || index === 0));
    return term === '' ? null : { start: term.slice(0, 10), end: term.slice(10) }; };
  const flags = (sum = choice('FLAGS')) => ({ export_controlled: sum % 2 === 1, reporting_only: sum >= 2 });
  const sequence = (name, least) => ({ epoch: magnitude('EPOCH') - 1, number: magnitude(name) - 1 + least });
  const tail = () => ({ code_number: magnitude('CODE-NUMBER'), journal_link: hex(4) });
  const layouts = { // §8
    Q: () => ({ udi: { product_id: text(), serial_number: text(), uuid: choice('RARELY') ? uuid() : null },
      device_key: hex(32), sketch: sketch(), mode: pick(3, 'specific', 'universal'),
      catalogue: choice('MOSTLY') ? { size: magnitude('CATALOGUE-SIZE'), digest: hex(4) } : null,
      wanted: tags().map((tag) => ({ tag, count: magnitude('COUNT') })), members: magnitude('FEW'),
      code_number: magnitude('CODE-NUMBER'), device_time: minute(), journal_link: hex(4) }),
    A: () => ({ issuer_hint: hex(1), request_hint: hex(2), issued_at: issued = minute(),
      sequence: sequence('NUMBER', 1), lines: tags().flatMap((tag) => inOrder(times(magnitude('LINES-OF-TAG'),
        () => ({ tag, count: magnitude('COUNT'), term: takeTerm(), ...flags() })))) }),
    C: () => ({ request_hint: hex(4), sequence: sequence('NUMBER', 1), ...tail() }),
    R: () => ({ request_hint: hex(4), last_sequence: sequence('LAST-NUMBER', 0), reason: pick(16,
      'unspecified', 'no-longer-needed', 'replaced', 'moved', 'decommissioned', 'test-ended', 'cancelled'),
    evidence: pick(4, 'software-key', 'hardware-key'), hardware_mismatch: choice('RARELY') > 0, ...tail() }),
    T: () => ({ serial: magnitude('SERIAL'), portal_id: hex(8), issuers: times(magnitude('FEW'), () => ({
      key: hex(32), valid_from: day(), valid_until: choice('RARELY') ? day() : null })), revoked:
      times(magnitude('REVOKED') - 1, () => hex(8)), next_root: choice('RARELY') ? hex(32) : null }) };
  return must(choice('EXTENSION') === 0, 'newer-version') && [layouts[kind](), number]; }
function read(code) { // §4, §5, in the order of §14
  const bits = [...code.slice(0, -16)].map((char) => valueOf(char).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  must(code.length % 2 === 0 && !bits.slice(bytes.length * 8).includes('1'));
  const kind = ALPHABET[bytes[0] >> 3], version = bytes[0] % 8, payload = bytes.subarray(0, -64);
  must(version < 2 || !'QACRTSBF'.includes(kind), 'newer-version');
  must(version !== 1 || !'BF'.includes(kind), 'wrong-kind');
  must(version === 1 && 'QACRT'.includes(kind) && bytes.length >= 65);
  const [fields, left] = fieldsOf(kind, payload.subarray(1));
  const { wanted = [], catalogue, lines = [], last_sequence: last, issuers = [], revoked = [] } = fields;
  must(wanted.every(({ tag }) => typeof tag === 'string' || tag < catalogue?.size)); // §9
  must(!last || (last.number <= 65535 && (last.number > 0 || last.epoch === 0))); // §8
  must(lines.length <= 255 && isSorted(issuers.map(({ key }) => key)) && isSorted(revoked));
  must(issuers.every(({ valid_from: from, valid_until: until }) => until === null || from <= until));
  must(left === 0n && (payload[1] !== 0 || (payload.length % 5 === 1 && payload[2] !== 0)));
  return { kind, fields, payload: payload.toString('hex'), signature: bytes.subarray(-64) }; }
const P = 2n ** 255n - 19n, ORDER = 2n ** 252n + 27742317777372353535851937790883648493n; // §11.1
const mod = (value) => value % P; // may be negative, which does no harm here
const twice = ([x, z]) => [mod((x * x - z * z) ** 2n), mod(4n * x * z * (x * x + 486662n * x * z + z * z))];
function isSound(key) { // by u = x / z = (1 + y) / (1 - y) on Curve25519; nothing on its twist has this order
  const y = BigInt(`0x${unhex(key).reverse().toString('hex')}`) % 2n ** 255n, [x, z] = [1n + y, 1n - y];
  const add = ([a, b], [c, d]) => [mod(z * (a * c - b * d) ** 2n), mod(x * (a * d - b * c) ** 2n)];
  const step = ([one, next], bit) => (bit > 0 ? [add(one, next), twice(next)] : [twice(one), add(one, next)]);
  return y !== 1n && y < P - 1n && [...ORDER.toString(2)].reduce(step, [[1n, 0n], [x, z]])[0][1] === 0n; }
const holds = (key, message, signature) => !/^010{62}/.test(signature.toString('hex')) && crypto.verify(null,
  message, { format: 'der', type: 'spki', key: unhex(`302a300506032b6570032100${key}`) }, signature); // §11.1
const byteString = (hex, size = hex.length / 2) => // §11.2
  (size + (size < 24 ? 0x40 : size < 256 ? 0x5800 : 0x590000)).toString(16) + hex;
function signedBytes(kind, payload, bound) { // §11.2
  const start = `${(0x82 + bound.length).toString(16)}6c74616c6c79737469636b2f3161`;
  const known = start + Buffer.from(kind).toString('hex') + bound.map((one) => byteString(one)).join('');
  return unhex(`846a5369676e61747572653143a10132${byteString(known)}${byteString(payload)}`); }
function issuersOf({ issuer_hint: hint, issued_at: time }, context, open) { // §11.2: each with its portal id
  if (!context.trust) return [[context.issuer, context.portal_id]];
  const { issuers, revoked, portal_id: portal } = open('trust', 'T').fields, day = time.slice(0, 10);
  const found = issuers.filter(({ key, valid_from: from, valid_until: until }) => from <= day
    && day <= (until ?? day) && sha256(key).startsWith(hint) && !revoked.includes(sha256(key).slice(0, 16)));
  must(found.length > 0, revoked.some((id) => id.startsWith(hint)) ? 'revoked-issuer' : 'unknown-issuer');
  return found.map(({ key }) => [key, portal]); }
function spell(lines, named, catalogue) { // §12
  const known = catalogue.slice(0, named?.size), text = known.map((tag) => `${tag}\n`).join('');
  const fits = known.length === named?.size && sha256(Buffer.from(text)).startsWith(named.digest);
  return lines?.map(({ tag }) => (typeof tag === 'string' ? tag : must(fits && known[tag], 'catalogue'))); }
function check(code, reads, context) { // in the order of §14
  const { kind, fields, payload, signature } = read(code), { issuers = [], next_root: root } = fields;
  must(kind === reads, 'wrong-kind');
  const open = (name, letter) => check(cleanUp(context[name]), letter, { ...context, catalogue: undefined });
  const { id, fields: { device_key: own, catalogue } } = /Q|T/.test(kind) ? { fields } : open('request', 'Q');
  must(kind !== 'Q' || isSound(own), 'bad-key');
  const signers = { Q: () => [[own]], R: () => [[own, id]], T: () => [[context.root, sha256(context.root)]],
    C: () => [[own, id, open('authorization', 'A').id]], // §11.2: keys to try, each with what it is bound to
    A: () => issuersOf(fields, context, open).map(([key, portal]) => [key, id, sha256(key), portal]) };
  const messages = signers[kind]().map(([key, ...bound]) => [key, signedBytes(kind, payload, bound)]);
  const [, message] = must(messages.find(([key, signed]) => holds(key, signed, signature)), 'not-genuine');
  must(issuers.every(({ key }) => isSound(key)) && (!root || isSound(root)), 'bad-key');
  const spelled = context.catalogue && spell(fields.lines ?? fields.wanted, catalogue, context.catalogue);
  return { payload, id: sha256(message), fields, entitlements: spelled }; }
function judge(text, reads, context, code = '') { // what §17 calls the result
  try {
    code = cleanUp(text);
    return { result: 'accepted', ...check(code, reads, context) };
  } catch ({ failure = null, message }) { // §4.2
    const stands = failure === 'catalogue' || parityIsRight(code);
    return { result: 'refused', error: stands ? failure : 'malformed', message }; } }
const accepted = (found) => must(found.result === 'accepted', found.error, found.message) && found;
export const verify = (text, reads, context) => accepted(judge(text, reads, context));
const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
function disagreements({ name, description, clean_up, repairs, code, reads, context, ...vector }) { // §17
  const want = repairs && vector.result !== 'accepted' ? { error: 'malformed', result: 'refused' } : vector;
  const found = JSON.parse(JSON.stringify({ ...judge(code, reads, context), message: undefined }));
  return isDeepStrictEqual(found, want) ? [] : [`${name}: ${found.error ?? found.result}`]; }
function main([, , option, reads, , context, text = '-']) {
  if (option === '--reads') {
    const found = judge(text === '-' ? fs.readFileSync(0, 'utf8') : text, reads, readJson(context));
    console.log(found.error ?? JSON.stringify(found, null, 2));
    return found.result === 'accepted' ? 0 : 1; }
  const vectors = process.argv.slice(2).map(readJson), ours = vectors.filter(({ code }) => code !== null);
  const wrong = ours.flatMap(disagreements), others = vectors.length - ours.length;
  console.log([...wrong, `${ours.length} vectors, ${wrong.length} disagree, ${others} to write`].join('\n'));
  return wrong.length > 0 ? 1 : 0; }
if (decodeURI(new URL(import.meta.url).pathname) === process.argv[1]) process.exitCode = main(process.argv);

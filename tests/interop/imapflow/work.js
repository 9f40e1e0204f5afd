// What tests/interop/test_imapflow.py runs: one imapflow client does the work of a day. Prints "idling" when it waits
// for new mail and "done" at the end; whatever is not as it should be ends it with an exception.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { ImapFlow } = require('imapflow');

const { port, user, pass, ca } = JSON.parse(process.argv[2]);
const FOLDER = 'Projekty/Żółta łódź';
const TEXT = 'Zażółć gęślą jaźń';
const ATTACHMENT = crypto.randomBytes(6 * 1024 * 1024);

function letter(number) {
    const subject = `=?utf-8?B?${Buffer.from(`List nr ${number}`).toString('base64')}?=`;
    return Buffer.from(`From: Ewa <ewa@example.test>\r\nTo: bob@example.test\r\nSubject: ${subject}\r\n` +
        `Message-ID: <flow-${number}@example.test>\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\n\r\n${TEXT} ${number}\r\n`);
}

function parcel() {
    const lines = ATTACHMENT.toString('base64').match(/.{1,76}/g).join('\r\n');
    return Buffer.from('Subject: parcel\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
        `--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${TEXT}\r\n` +
        '--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n' +
        `Content-Disposition: attachment; filename*=utf-8''%C5%82%C3%B3d%C5%BA.bin\r\n\r\n${lines}\r\n--b--\r\n`);
}

async function whole(stream) {
    const pieces = [];
    for await (const piece of stream) {
        pieces.push(piece);
    }
    return Buffer.concat(pieces);
}

async function folders(client) {
    assert.equal((await client.mailboxCreate(FOLDER)).created, true);
    await client.mailboxSubscribe(FOLDER);
    const listed = await client.list({ statusQuery: { messages: true } });
    const found = listed.find(folder => folder.path === FOLDER);
    assert.ok(found.subscribed);
    assert.equal(found.status.messages, 0);
    assert.equal(listed.find(folder => folder.specialUse === '\\Sent').path, 'Sent');
}

async function letters(client) {
    for (let number = 1; number <= 4; number++) {
        const made = await client.append(FOLDER, letter(number), number === 1 ? ['\\Seen', '$praca'] : []);
        assert.equal(made.uid, number);
    }
    const lock = await client.getMailboxLock(FOLDER);
    try {
        assert.equal(client.mailbox.exists, 4);
        const [first] = await client.fetchAll('1', { envelope: true, flags: true, source: true, uid: true });
        assert.equal(first.envelope.subject, 'List nr 1');
        assert.deepEqual([...first.flags].sort(), ['$praca', '\\Recent', '\\Seen']);
        assert.ok(first.source.equals(letter(1)));
        assert.deepEqual(await client.search({ body: 'GĘŚLĄ' }, { uid: true }), [1, 2, 3, 4]);
        assert.deepEqual(await client.search({ subject: 'nr 3' }), [3]);
        assert.deepEqual(await client.search({ keyword: '$praca' }), [1]);
        await client.messageFlagsAdd('2:3', ['\\Flagged']);
        await client.messageFlagsRemove('3', ['\\Flagged']);
        assert.deepEqual(await client.search({ flagged: true }), [2]);
        const copied = await client.messageCopy('1:2', 'Archive');
        assert.equal(copied.uidMap.size, 2);
        const moved = await client.messageMove('3', 'Trash');
        assert.equal(moved.uidMap.size, 1);
        assert.equal(await client.messageDelete('1'), true);
        assert.deepEqual(await client.search({ all: true }, { uid: true }), [2, 4]);
    } finally {
        lock.release();
    }
}

async function attachment(client) {
    const { uid } = await client.append(FOLDER, parcel());
    const lock = await client.getMailboxLock(FOLDER);
    try {
        const message = await client.fetchOne(uid, { bodyStructure: true, size: true }, { uid: true });
        assert.equal(message.size, parcel().length);
        const part = message.bodyStructure.childNodes[1];
        assert.equal(part.dispositionParameters.filename, 'łódź.bin');
        const { content } = await client.download(uid, part.part, { uid: true, chunkSize: 512 * 1024 });
        assert.ok((await whole(content)).equals(ATTACHMENT));
    } finally {
        lock.release();
    }
}

async function news(client) {
    const lock = await client.getMailboxLock('INBOX');
    try {
        const before = client.mailbox.exists;
        const arrived = new Promise(resolve => client.once('exists', resolve));
        client.idle().catch(error => { throw error; });
        console.log('idling');
        const { count } = await arrived;
        assert.equal(count, before + 1);
        const message = await client.fetchOne('*', { envelope: true });
        assert.equal(message.envelope.subject, 'for imapflow');
    } finally {
        lock.release();
    }
}

async function main() {
    const client = new ImapFlow({ host: 'localhost', port, secure: true, auth: { user, pass }, tls: { ca }, logger: false });
    await client.connect();
    assert.ok(client.authenticated);
    await folders(client);
    await letters(client);
    await attachment(client);
    await news(client);
    await client.mailboxRename(FOLDER, 'Projekty/Mała łódź');
    await client.mailboxDelete('Projekty/Mała łódź');
    assert.ok(!(await client.list()).some(folder => folder.path.includes('łódź')));
    await client.logout();
    console.log('done');
}

main().catch(error => {
    console.error(error);
    process.exit(1);
});

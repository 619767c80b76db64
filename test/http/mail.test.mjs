// The mail server away, then back: notices wait and each is delivered once. A real SMTP server (npm smtp-server).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { begin, complete, submit } from '../lib/filing.mjs';
import { Client, freePort, startServer, until } from '../lib/server.mjs';

/** An SMTP server that keeps what it takes; refuses the first `failures` messages with a passing error. */
async function mailServer(port, failures = 0) {
  const box = [];
  const smtp = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], logger: false,
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (b) => (text += b));
      stream.on('end', () => {
        if (failures-- > 0) return done(Object.assign(new Error('try again later'), { responseCode: 451 }));
        box.push({ to: session.envelope.rcptTo.map((r) => r.address), text });
        return done();
      });
    },
  });
  smtp.listen(port, '127.0.0.1');
  await once(smtp.server, 'listening');
  return { box, close: () => new Promise((ok) => smtp.close(ok)) };
}

test('a notice written while the mail server is away arrives once when it is back', { timeout: 400000 }, async () => {
  const port = await freePort();
  const server = await startServer({ args: ['--smtp', `smtp://127.0.0.1:${port}`] });
  let smtp;
  try {
    const c = new Client(server);
    assert.equal((await c.signIn()).status, 303);
    const done = await submit(c, await complete(c, await begin(c), { email: 'mo@vidu.example' }));
    assert.equal(done.status, 303, 'filing does not wait for the mail server');
    const number = /[\w.]+-\d{6}-\d{4}/.exec((await c.get(done.location)).text)[0];
    smtp = await mailServer(port, 1);
    const about = () => smtp.box.filter((m) => m.to.includes('mo@vidu.example'));
    await until('the first message', () => about().length > 0, 150000); // tried again with growing delay
    // a second dossier's notice goes after it: when that is here, no repetition of the first is under way
    await submit(c, await complete(c, await begin(c), { email: 'sau@vidu.example' }));
    await until('the second message', () => smtp.box.some((m) => m.to.includes('sau@vidu.example')), 150000);
    assert.equal(about().length, 1, 'once');
    const m = about()[0].text;
    assert.match(m, /^Subject: /m);
    assert.match(m, /^Date: \w{3}, \d{2} \w{3} \d{4} \d\d:\d\d:\d\d \+0700\r?$/m);
    for (const [word] of m.matchAll(/=\?[^?]+\?B\?[^?]*\?=/g)) assert.ok(word.length <= 75, 'RFC 2047');
    assert.match(m, /^Message-ID: /mi);
    assert.match(m, /charset="?utf-8/i);
    const encoded = /base64/i.test(m) ? Buffer.from(m.split(/\r?\n\r?\n/).slice(1).join('\n'), 'base64').toString() : m;
    assert.ok(encoded.includes(number) || m.includes(number), m.slice(0, 1200));
  } finally {
    await smtp?.close();
    await server.kill();
  }
});

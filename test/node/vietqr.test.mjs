// The text of our payment QR codes, read back by npm's vietnam-qr-pay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QRPay } from 'vietnam-qr-pay';
import { ask, seeded } from './tool.mjs';

test('300 codes read back with bank, account, amount and purpose; written the same', () => {
  const r = seeded();
  const cases = Array.from({ length: 300 }, () => ({
    bin: r.pick(['970436', '970415', '970418', '970405', '970422', '970403']),
    number: Array.from({ length: 6 + r.below(14) }, () => r.below(10)).join(''),
    amount: 1 + r.below(999_999_999),
    purpose: 'BB' + Array.from({ length: 8 }, () => r.pick([...'23456789ABCDEFGHJKMNPQRSTVWXYZ'])).join(''),
  }));
  const texts = ask('vietqr_make', cases);
  cases.forEach((c, i) => {
    const qr = new QRPay(texts[i]);
    assert.equal(qr.isValid, true, `checksum of ${texts[i]}`);
    assert.equal(qr.consumer.bankBin, c.bin);
    assert.equal(qr.consumer.bankNumber, c.number);
    assert.equal(qr.amount, String(c.amount));
    assert.equal(qr.additionalData.purpose, c.purpose);
    assert.equal(qr.initMethod, '12', 'dynamic');
    const own = QRPay.initVietQR({ bankBin: c.bin, bankNumber: c.number, amount: String(c.amount), purpose: c.purpose });
    assert.equal(texts[i], own.build());
  });
});

test('what cannot be written is refused', () => {
  const good = { bin: '970436', number: '0123456789', amount: 8000, purpose: 'BB23456789' };
  const bad = [{ bin: '97043' }, { bin: '97043x' }, { number: '' }, { number: '12345678901234567890' },
    { number: '12 34' }, { amount: -1 }, { amount: 10_000_000_001 }];
  const answers = ask('vietqr_make', [good, ...bad.map((b) => ({ ...good, ...b }))]);
  assert.notEqual(answers[0], 'refused');
  answers.slice(1).forEach((a, i) => assert.equal(a, 'refused', JSON.stringify(bad[i])));
});

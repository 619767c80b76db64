/* notice_send.c: sends by mail (SMTP, libcurl) and by SMS (a simulated gateway, labelled, until one
 * is configured). */
#include "engine/notice/notice_int.h"

#include "base/buf.h"
#include "base/date.h"
#include "codec/base64.h"
#include "gen/q_notice.h"
#include "store/store.h"
#include "sys/sys.h"

#include <curl/curl.h>

#define WORD_BYTES     42
#define MAIL_TIMEOUT_S 20L
#define MAIL_MAX       ((size_t)256 * 1024)
#define FROM           "khong-tra-loi@bombo.invalid"

struct done_job {
    int64_t id;
    struct str state, error;
};

static enum err
done_tx(struct ctx *cx, void *arg)
{
    const struct done_job *job = arg;
    if (str_eq(job->state, STR("sent"))) {
        return q_notice_sent(cx, NULL, .id = job->id, .sent_us = sys_now_us(cx));
    }
    return q_notice_failed(cx, NULL, .id = job->id, .state = job->state, .error = job->error);
}

static enum err
load(struct ctx *cx, struct str key, struct notice *ret)
{
    int64_t id = 0;
    if (!str_to_i64(key, 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_BAD_REQUEST, "key is no message id");
    }
    return notice_get(cx, id, ret);
}

struct upload {
    struct str rest;
};

static size_t
read_more(char *to, size_t size, size_t n, void *arg)
{
    struct upload *u = arg;
    size_t take = u->rest.n < size * n ? u->rest.n : size * n;
    if (take != 0) {
        memcpy(to, u->rest.p, take);
    }
    u->rest = str_slice(u->rest, take, u->rest.n);
    return take;
}

/* RFC 2047 encoded words of at most 75 characters: subjects are Vietnamese. No letter is cut in
 * two. */
static struct str
encoded_words(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, MAIL_MAX);
    size_t at = 0;
    while (at < s.n) {
        size_t end = at + WORD_BYTES < s.n ? at + WORD_BYTES : s.n;
        while (end < s.n && end > at + 1 && ((uint8_t)s.p[end] & 0xC0U) == 0x80U) {
            end--;
        }
        struct str part = base64_encode(a, str_slice(s, at, end));
        buf_addf(&b, "%s=?UTF-8?B?" STR_FMT "?=", at == 0 ? "" : "\r\n ", STR_ARG(part));
        at = end;
    }
    return buf_str(&b);
}

/* "Sun, 22 Nov 2026 11:49:39 +0700" */
static struct str
mail_date(struct arena *a, int64_t at_us)
{
    static const char days[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct date d = date_at_vn(at_us);
    struct civil c = date_civil(d);
    int32_t s = date_second_at_vn(at_us);
    return str_fmt(a, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0700",
                   &days[3 * (size_t)(date_weekday(d) - 1)], c.mday,
                   &months[3 * (size_t)(c.month - 1)], c.year, s / 3600, s / 60 % 60, s % 60);
}

/* RFC 5322 message; the body goes as base64 in lines of 76 characters. */
static struct str
message(struct ctx *cx, const struct notice *n)
{
    struct buf b = buf_new(cx->arena, MAIL_MAX);
    struct str body = base64_encode(cx->arena, n->body);
    buf_addf(&b, "From: Bom Bo <" FROM ">\r\nTo: <" STR_FMT ">\r\n", STR_ARG(n->to));
    buf_addf(&b, "Subject: " STR_FMT "\r\n", STR_ARG(encoded_words(cx->arena, n->subject)));
    buf_addf(&b, "Date: " STR_FMT "\r\n", STR_ARG(mail_date(cx->arena, n->at_us)));
    buf_addf(&b, "Message-ID: <%" PRId64 "@bombo>\r\nMIME-Version: 1.0\r\n", n->id);
    BUF_LIT(&b,
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (size_t i = 0; i < body.n; i += 76) {
        buf_add(&b, str_slice(body, i, i + 76));
        BUF_LIT(&b, "\r\n");
    }
    return buf_str(&b);
}

/* Addresses come from people: nothing that could end the SMTP line. */
static bool
is_plain_address(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '<' || s.p[i] == '>') {
            return false;
        }
    }
    return str_has_char(s, '@');
}

static CURLcode
transfer(CURL *curl, struct ctx *cx, struct curl_slist *to, struct upload *up)
{
    (void)curl_easy_setopt(curl, CURLOPT_URL, str_z(cx->arena, cx->config->smtp_url));
    (void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<" FROM ">");
    (void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_more);
    (void)curl_easy_setopt(curl, CURLOPT_READDATA, up);
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, MAIL_TIMEOUT_S);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    return curl_easy_perform(curl);
}

static enum err
send_mail(struct ctx *cx, const struct notice *n)
{
    struct upload up = { message(cx, n) };
    char *address = str_z(cx->arena, str_fmt(cx->arena, "<" STR_FMT ">", STR_ARG(n->to)));
    CURL *curl = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, address);
    CURLcode code = curl == NULL || to == NULL ? CURLE_OUT_OF_MEMORY : transfer(curl, cx, to, &up);
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
    return code == CURLE_OK
               ? ERR_OK
               : err_set(cx, ERR_UPSTREAM, "mail server: %s", curl_easy_strerror(code));
}

static enum err
on_mail(struct ctx *cx, struct str key, struct str payload)
{
    struct notice n;
    (void)payload;
    TRY(load(cx, key, &n));
    if (str_eq(n.state, STR("sent"))) {
        return ERR_OK; /* the job ran, but its end was not noted */
    }
    struct done_job job = { .id = n.id, .state = STR("sent"), .error = STR("") };
    if (!is_plain_address(n.to)) {
        job.state = STR("failed");
        job.error = STR("not an address");
        return store_write(cx, done_tx, &job);
    }
    if (str_is_empty(cx->config->smtp_url) && cx->config->is_demo) {
        return store_write(cx, done_tx, &job);
    }
    if (str_is_empty(cx->config->smtp_url)) {
        return err_set(cx, ERR_UPSTREAM, "no mail server is configured: the message waits");
    }
    enum err e = send_mail(cx, &n);
    if (e != ERR_OK) {
        job.state = STR("waiting");
        job.error = str_dup(cx->arena, str_of(cx->err.text));
        TRY(store_write(cx, done_tx, &job));
        return e; /* tried again later */
    }
    return store_write(cx, done_tx, &job);
}

/* SIMULATED gateway, as mail in the demo without a mail server: the message counts as sent and is
 * shown on the operator's page; nothing leaves the machine. */
static enum err
on_sms(struct ctx *cx, struct str key, struct str payload)
{
    struct notice n;
    (void)payload;
    TRY(load(cx, key, &n));
    if (str_eq(n.state, STR("sent"))) {
        return ERR_OK; /* the job ran, but its end was not noted */
    }
    struct done_job job = { .id = n.id, .state = STR("sent") };
    return store_write(cx, done_tx, &job);
}

const struct jobs_topic notice_topics[] = {
    { STR_INIT("notice.mail"), on_mail },
    { STR_INIT("notice.sms"), on_sms },
    { { NULL, 0 }, NULL },
};

/* MS-CHAPv2's texts; see mschap_text.h. A text is cut into fields first; each field then has one small
 * function that reads its value. */
#include "wire/mschap_text.h"

/* Exactly 2 x n digits. RFC 2759 5 wants upper case of the sender; the number is the same in lower case. */
static int take_hex(struct slice v, uint8_t *dst, size_t n)
{
    if (v.n != 2 * n)
        return ERR_VALUE;
    for (size_t i = 0; i < v.n; i++)
        if (hex_digit(v.p[i]) < 0)
            return ERR_VALUE;
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)(hex_digit(v.p[2 * i]) << 4 | hex_digit(v.p[2 * i + 1]));
    return 0;
}

/* RFC 2759 6: E= and V= have up to ten decimal digits. */
static int take_decimal(struct slice v, uint32_t *dst)
{
    uint64_t n = 0;

    if (v.n == 0 || v.n > 10)
        return ERR_VALUE;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return ERR_VALUE;
        n = n * 10 + (uint64_t)(v.p[i] - '0');
    }
    if (n > UINT32_MAX)
        return ERR_VALUE;
    *dst = (uint32_t)n;
    return 0;
}

static int take_bool(struct slice v, bool *dst)
{
    if (v.n != 1 || (v.p[0] != '0' && v.p[0] != '1'))
        return ERR_VALUE;
    *dst = v.p[0] == '1';
    return 0;
}

/* Takes the next field off: key is 0 for a word that is none. False at the end. */
static bool next_field(struct rd *r, uint8_t *key, struct slice *value)
{
    while (rd_peek(r, 0) == ' ')
        rd_skip(r, 1);
    if (rd_left(r) == 0)
        return false;
    *key = 0;
    if (rd_peek(r, 1) == '=') {
        *key = rd_u8(r);
        rd_skip(r, 1);
    }
    size_t n = 0;
    while (n < rd_left(r) && (*key == 'M' || rd_peek(r, n) != ' '))
        n++;
    *value = rd_take(r, n);
    return true;
}

/* Marks a key as seen; false if it was already. */
static bool first_time(uint32_t *seen, uint8_t key)
{
    if (key < 'A' || key > 'Z')
        return true;
    uint32_t bit = 1u << (key - 'A');
    bool first = !(*seen & bit);
    *seen |= bit;
    return first;
}

static bool was_seen(uint32_t seen, uint8_t key)
{
    return seen >> (key - 'A') & 1;
}

int mschap_success_parse(struct slice text, struct mschap_success *ret)
{
    struct mschap_success s = { 0 };
    struct rd r = rd_slice(text);
    uint32_t seen = 0;
    uint8_t key;
    struct slice value;

    while (next_field(&r, &key, &value)) {
        int err = 0;
        if (!first_time(&seen, key))
            return ERR_DUPLICATE;
        if (key == 'S')
            err = take_hex(value, s.auth_response, sizeof(s.auth_response));
        else if (key == 'M')
            s.message = value;
        if (err < 0)
            return err;
    }
    if (!was_seen(seen, 'S'))
        return ERR_MISSING;
    *ret = s;
    return 0;
}

static int failure_field(struct mschap_failure *f, uint8_t key, struct slice value)
{
    if (key == 'E')
        return take_decimal(value, &f->error);
    if (key == 'R')
        return take_bool(value, &f->retry);
    if (key == 'V')
        return take_decimal(value, &f->version);
    if (key == 'C') {
        f->has_challenge = true;
        return take_hex(value, f->challenge, sizeof(f->challenge));
    }
    if (key == 'M')
        f->message = value;
    return 0;
}

int mschap_failure_parse(struct slice text, struct mschap_failure *ret)
{
    struct mschap_failure f = { 0 };
    struct rd r = rd_slice(text);
    uint32_t seen = 0;
    uint8_t key;
    struct slice value;

    while (next_field(&r, &key, &value)) {
        if (!first_time(&seen, key))
            return ERR_DUPLICATE;
        int err = failure_field(&f, key, value);
        if (err < 0)
            return err;
    }
    if (!was_seen(seen, 'E'))
        return ERR_MISSING;
    *ret = f;
    return 0;
}

static void put_hex(struct wr *w, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789ABCDEF"; /* RFC 2759 5: upper case */

    for (size_t i = 0; i < n; i++) {
        wr_u8(w, (uint8_t)digits[p[i] >> 4]);
        wr_u8(w, (uint8_t)digits[p[i] & 0x0f]);
    }
}

static void put_decimal(struct wr *w, uint32_t v)
{
    uint8_t digits[10];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    wr_bytes(w, digits + at, sizeof(digits) - at);
}

static void put_message(struct wr *w, struct slice message)
{
    if (message.n == 0)
        return;
    wr_str(w, " M=");
    wr_put(w, message);
}

void mschap_success_put(struct wr *w, const struct mschap_success *s)
{
    wr_str(w, "S=");
    put_hex(w, s->auth_response, sizeof(s->auth_response));
    put_message(w, s->message);
}

void mschap_failure_put(struct wr *w, const struct mschap_failure *f)
{
    wr_str(w, "E=");
    put_decimal(w, f->error);
    wr_str(w, f->retry ? " R=1" : " R=0");
    if (f->has_challenge) {
        wr_str(w, " C=");
        put_hex(w, f->challenge, sizeof(f->challenge));
    }
    wr_str(w, " V=");
    put_decimal(w, f->version);
    put_message(w, f->message);
}

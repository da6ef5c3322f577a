/* What libconfuse is not to see: comments, and syntax that it accepts silently and means otherwise.
 *
 * It would replace ${X} by an environment variable, skip characters that it does not know, let a string run over lines,
 * and take "a|b" for a path into a block. All of that is refused here with the line. Comments become blanks, since its
 * own handling of them reads and writes next to its buffer. */
#include "config/parse.h"

struct scan {
    struct reader *r;
    char *buf;
    size_t at, n;
    unsigned line;
    unsigned depth, opened; /* braces that are open, and the line of the outermost one */
};

static bool refuse(struct scan *s, const char *words)
{
    complain(s->r, s->line, "%s", words);
    return false;
}

static void blank_line(struct scan *s)
{
    while (s->at < s->n && s->buf[s->at] != '\n')
        s->buf[s->at++] = ' ';
}

static bool blank_block(struct scan *s)
{
    unsigned began = s->line;
    for (; s->at < s->n; s->at++) {
        if (s->buf[s->at] == '*' && s->at + 1 < s->n && s->buf[s->at + 1] == '/') {
            s->buf[s->at] = s->buf[s->at + 1] = ' ';
            s->at += 2;
            return true;
        }
        if (s->buf[s->at] == '\n')
            s->line++;
        else
            s->buf[s->at] = ' ';
    }
    s->line = began;
    return refuse(s, "a comment begins here and does not end");
}

/* A quoted string, from its opening quote to behind its closing one. */
static bool pass_string(struct scan *s)
{
    char quote = s->buf[s->at++];
    for (; s->at < s->n && s->buf[s->at] != '\n'; s->at++) {
        char c = s->buf[s->at];
        if (c == quote) {
            s->at++;
            return true;
        }
        if (c == '|')
            return refuse(s, "the character | is not allowed");
        if (c == '$' && s->at + 1 < s->n && s->buf[s->at + 1] == '{')
            return refuse(s, "${...} is not expanded here: write the value itself");
        if (c == '\\')
            return refuse(s, "a backslash is not allowed");
        if ((unsigned char)c < 0x20 && c != '\t')
            return refuse(s, "a control character in a string");
    }
    return refuse(s, "a string does not end on its line");
}

static bool starts_comment(const struct scan *s, bool token_start)
{
    char c = s->buf[s->at], next = s->at + 1 < s->n ? s->buf[s->at + 1] : 0;
    return c == '#' || (token_start && c == '/' && (next == '/' || next == '*'));
}

static bool bare(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("._-:/[]@", c));
}

/* A character of a word, a blank, or one of the syntax. */
static bool stands_bare(const struct scan *s)
{
    char c = s->buf[s->at];
    return bare(c) || (c && strchr(" \t\r\n{}=,", c)) || (c == '+' && s->at + 1 < s->n && s->buf[s->at + 1] == '=');
}

static bool pass_comment(struct scan *s)
{
    if (s->buf[s->at] == '/' && s->buf[s->at + 1] == '*') {
        s->buf[s->at] = s->buf[s->at + 1] = ' ';
        s->at += 2;
        return blank_block(s);
    }
    blank_line(s);
    return true;
}

/* libconfuse takes the end of the file for the end of a block: a file cut short would pass for a whole one. */
static void count_brace(struct scan *s, char c)
{
    if (c == '{' && s->depth++ == 0)
        s->opened = s->line;
    if (c == '}' && s->depth > 0)
        s->depth--;
}

/* Nothing is set by "x = {}": libconfuse would keep the default, which is not what it says. */
static bool closes_empty_list(char c, const char last[2])
{
    return c == '}' && last[1] == '{' && last[0] == '=';
}

/* "user" at the file's own level, and no '=' behind it: the block. */
static void name_user_blocks(char *buf, size_t n)
{
    static const char word[] = "user";
    unsigned depth = 0;
    char quote = 0, last = ' ';
    for (size_t i = 0; i < n; last = buf[i++]) {
        char c = buf[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
            continue;
        }
        quote = c == '"' || c == '\'' ? c : 0;
        depth += c == '{';
        depth -= c == '}' && depth > 0;
        if (depth || bare(last) || n - i <= 4 || memcmp(buf + i, word, 4) != 0 || bare(buf[i + 4]))
            continue;
        size_t next = i + 4 + strspn(buf + i + 4, " \t\r\n");
        if (buf[next] && buf[next] != '=' && buf[next] != '+')
            memcpy(buf + i, PARSE_USER_BLOCK, 4);
    }
}

bool prepare_text(struct reader *r, char *buf, size_t n)
{
    struct scan s = { .r = r, .buf = buf, .n = n, .line = 1 };
    bool token_start = true;
    char last[2] = { 0, 0 }; /* the characters before, blanks left out */
    while (s.at < n) {
        char c = buf[s.at];
        bool token = false, blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (starts_comment(&s, token_start)) {
            if (!pass_comment(&s))
                return false;
            blank = true;
        } else if (c == '"' || c == '\'') {
            if (!pass_string(&s))
                return false;
        } else if (closes_empty_list(c, last)) {
            return refuse(&s, "an empty list; leave the option out, or write what you want");
        } else if (stands_bare(&s)) {
            count_brace(&s, c);
            s.line += c == '\n';
            token = bare(c);
            s.at++;
        } else if (c == '$' && s.at + 1 < n && buf[s.at + 1] == '{') {
            return refuse(&s, "${...} is not expanded here: write the value itself");
        } else {
            return refuse(&s, "an unexpected character; put values into quotes");
        }
        token_start = !token;
        if (!blank) {
            last[0] = last[1];
            last[1] = c;
        }
    }
    name_user_blocks(buf, n);
    s.line = s.opened;
    return s.depth == 0 || refuse(&s, "a { on this line is never closed");
}

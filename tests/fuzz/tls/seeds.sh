#!/bin/sh
# Writes the seeds: ClientHellos of OpenSSL (TLS 1.3, TLS 1.2, an old one, a long one) and certificates of several kinds.
# Every byte is made here by the openssl tool; keys are thrown-away ones of no use.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
hello="$here/corpus_tls_server"
certs="$here/corpus_cert"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$hello" "$certs"

# record NAME CHUNK OPTIONS...: what s_client sends first to a listener that only listens.
record() {
    name=$1 chunk=$2
    shift 2
    python3 - "$hello/$name" "$chunk" "$@" <<'PY'
import socket, subprocess, sys
path, chunk, options = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
s = socket.create_server(("127.0.0.1", 0))
p = subprocess.Popen(["openssl", "s_client", "-connect", "127.0.0.1:%d" % s.getsockname()[1], *options],
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
c = s.accept()[0]
data = c.recv(65536)
p.kill()
open(path, "wb").write(bytes([chunk, 0]) + data)
PY
}
record tls13 255 -servername vpn.example.com -alpn http/1.1
record tls13-bytewise 0 -servername vpn.example.com
record tls12 63 -tls1_2 -servername vpn.example.com
record tls12-rsa-only 255 -tls1_2 -cipher AES128-SHA:@SECLEVEL=0
record p384-share 255 -groups P-384
record no-common-group 255 -groups P-521
printf '\377\000GET / HTTP/1.1\r\n\r\n' > "$hello/http"
printf '\377\000\026\003\001\000\004\001\002\000\000' > "$hello/huge-claim"

cd "$work"
make() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout key.pem -out cert.pem "$@" \
        2> /dev/null
}
make -subj /CN=vpn.example.com -addext extendedKeyUsage=serverAuth \
    -addext subjectAltName=DNS:vpn.example.com,IP:192.0.2.1,IP:2001:db8::1
(printf P; cat cert.pem key.pem) > "$certs/pem"
(printf D; openssl x509 -in cert.pem -outform DER) > "$certs/server"
make -subj '/O=Example/CN=Any purpose' -addext extendedKeyUsage=anyExtendedKeyUsage,1.2.3.4
(printf D; openssl x509 -in cert.pem -outform DER) > "$certs/any-purpose"
make -subj / -addext 'subjectAltName=URI:https://a/,email:a@b,RID:1.2.3.4,otherName:1.2.3.4;UTF8:x'
(printf D; openssl x509 -in cert.pem -outform DER) > "$certs/odd-names"

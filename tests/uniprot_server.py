"""A local web server that simulates UniProt: pages, cursors, releases, taxa, and faults."""

import gzip
import json
import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
TAXA = [
    {
        "taxonId": number,
        "scientificName": name,
        "commonName": common,
        "mnemonic": mnemonic,
        "rank": rank,
        "active": True,
        "lineage": [{"taxonId": above} for above in lineage],
    }
    for number, name, common, mnemonic, rank, lineage in [
        (562, "Escherichia coli", "E. coli", "ECOLX", "species", [561, 543, 2, 1]),
        (564, "Escherichia fergusonii", None, "ESCFE", "species", [561, 543, 2, 1]),
        (561, "Escherichia", None, None, "genus", [543, 2, 1]),
        (55087, "Bacillus", "walking sticks", None, "genus", [2759, 1]),
        (1386, "Bacillus", None, None, "genus", [2, 1]),
    ]
]


@dataclass
class Bad:
    """One answer other than the page: `change(headers, body)` rewrites it.

    status: an answer of its own; cut: bytes of headers and body together after which the
    connection ends.
    """

    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    change: object = None


@dataclass
class UniProt:
    """What the server has; each request for a page of a search takes the next fault, if any.

    framing: how an answer says where it ends: length, chunked or none; packed: with gzip; before:
    called with (self, what is asked) before a page is sent; sent: bytes so far; cut_at: of these,
    the one before which the connection ends once.
    """

    records: list[tuple[str, str]]
    release: str = "2026_01"
    faults: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    agents: set = field(default_factory=set)
    framing: str = "length"
    packed: bool = True
    before: object = None
    sent: int = 0
    cut_at: int | None = None
    url: str = ""

    def fasta(self, start: int = 0, end: int | None = None) -> bytes:
        lines = []
        for header, sequence in self.records[start:end]:
            lines.append(f">{header}\n")
            lines += [f"{sequence[i : i + 60]}\n" for i in range(0, len(sequence), 60)]
        return "".join(lines).encode()

    def page(self, asked: dict, path: str) -> tuple[dict, bytes]:
        """Return headers and body of the page at a cursor."""
        start, size = int(asked.get("cursor", ["c0"])[0][1:]), int(asked["size"][0])
        headers = {"Content-Type": "text/plain;format=fasta", "X-UniProt-Release": self.release}
        if start == 0:
            headers["X-Total-Results"] = str(len(self.records))
        if start + size < len(self.records):
            query = f"format=fasta&cursor=c{start + size}&size={size}"
            headers["Link"] = f'<{self.url}{path}?{query}>; rel="next"'
        return headers, self.fasta(start, start + size)


def proteins(number: int, seed: int = 5, lengths: tuple[int, int] = (30, 90)):
    """Return UniRef records that are random but always the same; one in five is shared."""
    draw = random.Random(seed)
    records = []
    for n in range(number):
        taxon = draw.choice((562, 562, 83333, 511145, 543))
        sequence = "M" + "".join(draw.choices(AMINO_ACIDS, k=draw.randint(*lengths) - 1))
        name = f"UniRef100_A{n:07d}"
        header = f"{name} Protein {n} -> x n=1 Tax=Some taxon TaxID={taxon} RepID=A{n}_ECOLX"
        records.append((header, sequence))
    return records


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        plays = self.server.plays
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        plays.agents.add(self.headers["User-Agent"])
        if address.path.startswith("/taxonomy/"):
            self._taxonomy(address.path, asked)
            return
        plays.asked.append((address.path, asked))
        if plays.before:
            plays.before(plays, asked)
        fault = plays.faults.pop(0) if plays.faults else Bad()
        if fault.status is not None:
            self._send(fault.status, fault.headers, fault.body or b"", None)
            return
        headers, body = plays.page(asked, address.path)
        headers |= fault.headers
        body = body if fault.body is None else fault.body
        if plays.packed and "gzip" in self.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
        if fault.change:
            headers, body = fault.change(headers, body)
        self._send(200, headers, body, fault.cut)

    def _taxonomy(self, path, asked):
        name = path.removeprefix("/taxonomy/")
        if name == "search":
            words = asked["query"][0].strip('"').lower()
            taxa = [t for t in TAXA if words in json.dumps(t).lower()]
            body = {"results": taxa}
        else:
            body = next((t for t in TAXA if str(t["taxonId"]) == name), None)
        headers = {"Content-Type": "application/json", "X-UniProt-Release": "x"}
        self._send(200 if body else 404, headers, json.dumps(body).encode(), None, "length")

    def _send(self, status, headers, body, cut, framing=None):
        framing = framing or self.server.plays.framing
        lines = [f"HTTP/1.1 {status} Words"] + [f"{k}: {v}" for k, v in headers.items()]
        if framing == "length":
            lines.append(f"Content-Length: {len(body)}")
        elif framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            parts = [body[i : i + 10_000] for i in range(0, len(body), 10_000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in [*parts, b""])
        else:
            lines.append("Connection: close")
        answer = "\r\n".join([*lines, "", ""]).encode() + body
        plays = self.server.plays
        if plays.cut_at is not None and plays.cut_at < plays.sent + len(answer):
            cut, plays.cut_at = plays.cut_at - plays.sent, None
        self.close_connection = cut is not None or framing == "none"
        answer = answer[:cut]
        plays.sent += len(answer)
        self.wfile.write(answer)
        self.wfile.flush()


@contextmanager
def play_uniprot(records):
    """Yield a UniProt that answers on 127.0.0.1 until the block ends."""
    plays = UniProt(records)
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    web.daemon_threads = True
    web.plays = plays
    plays.url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield plays
    finally:
        web.shutdown()
        web.server_close()
        thread.join()

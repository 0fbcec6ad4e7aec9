#!/usr/bin/env python3
"""The other side's mail servers: smtp.py FOLDER-WITH-CERTIFICATES. One for each scenario, told apart
by its address; each takes any mail, with the fault in STARTTLS that its scenario has."""
import os
import socketserver
import ssl
import sys

from scenarios import scenarios


class Session(socketserver.StreamRequestHandler):
    timeout = 20

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def start_tls(self, scenario, folder):
        """True where the session goes on."""
        if scenario.server == "refuse":
            self.say("454 4.7.0 TLS not available due to local problem")
            return True
        self.say("220 2.0.0 Ready to start TLS")
        if scenario.server == "garbage":
            self.say("this is no TLS at all")
            return False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = scenario.certificate
        if certificate in ("good", "expired"):
            certificate += "-" + scenario.name
        context.load_cert_chain(os.path.join(folder, certificate + ".pem"),
                                os.path.join(folder, "key.pem"))
        self.request = context.wrap_socket(self.request, server_side=True)
        self.setup()
        return True

    def handle(self):
        scenario = self.server.by_address[self.request.getsockname()[0]]
        self.say(f"220 {scenario.mx} ESMTP")
        encrypted = False
        while True:
            line = self.rfile.readline()
            word = line.strip().upper().split(b" ")[0]
            if word == b"EHLO":
                offer = scenario.server != "plain" and not encrypted
                self.say(f"250-{scenario.mx}" + ("\r\n250-STARTTLS" if offer else ""))
                self.say("250 8BITMIME")
            elif word == b"STARTTLS":
                if not self.start_tls(scenario, self.server.folder):
                    return
                encrypted = scenario.server == "tls"
            elif word == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.say("250 2.0.0 taken")
            elif word in (b"", b"QUIT"):
                if word:
                    self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, request, client_address):
        print(f"{client_address}: {sys.exc_info()[1]!r}", file=sys.stderr)


def main():
    server = Server(("0.0.0.0", 25), Session)
    server.folder = sys.argv[1]
    server.by_address = {scenario.address: scenario for scenario in scenarios()}
    server.serve_forever()


main()

"""A home router that opens ports when asked, by UPnP or by NAT-PMP: what a
real one does, with nftables rules of its own. Runs in the router's namespace;
its LAN is the interface `lan`, its world `wan`."""
import re
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

PORT = 5000
SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"
mappings = {}


def address(dev):
    out = subprocess.run(["ip", "-4", "-o", "addr", "show", dev],
                         capture_output=True, text=True, check=True).stdout
    return re.search(r"inet ([0-9.]+)", out).group(1)


LAN, WAN = address("lan"), address("wan")


def rewrite():
    lines = ["flush chain ip nat pre"]
    for port, (ip, inside) in mappings.items():
        lines.append(f"add rule ip nat pre iifname wan tcp dport {port} "
                     f"dnat to {ip}:{inside}")
    subprocess.run(["nft", "-f", "-"], input="\n".join(lines) + "\n",
                   text=True, check=True)


DESCRIPTION = f"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0">
<specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<friendlyName>test</friendlyName><manufacturer>test</manufacturer>
<modelName>test</modelName><UDN>uuid:1</UDN><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType>
<friendlyName>w</friendlyName><manufacturer>t</manufacturer>
<modelName>t</modelName><UDN>uuid:2</UDN><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
<serviceId>urn:upnp-org:serviceId:WANCommonIFC1</serviceId>
<controlURL>/common</controlURL><eventSubURL>/event</eventSubURL>
<SCPDURL>/scpd.xml</SCPDURL></service></serviceList><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType>
<friendlyName>c</friendlyName><manufacturer>t</manufacturer>
<modelName>t</modelName><UDN>uuid:3</UDN><serviceList><service>
<serviceType>{SERVICE}</serviceType>
<serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
<controlURL>/control</controlURL><eventSubURL>/event</eventSubURL>
<SCPDURL>/scpd.xml</SCPDURL></service></serviceList></device></deviceList>
</device></deviceList></device></root>"""


class Upnp(BaseHTTPRequestHandler):
    def answer(self, code, body):
        data = body.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, DESCRIPTION)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        action = self.headers["SOAPAction"].strip('"').split("#")[1]

        def field(name):
            m = re.search(f"<{name}[^>]*>([^<]*)<", body)
            return m.group(1) if m else ""

        out, fault = "", None
        if action == "GetStatusInfo":
            out = ("<NewConnectionStatus>Connected</NewConnectionStatus>"
                   "<NewLastConnectionError>ERROR_NONE</NewLastConnectionError>"
                   "<NewUptime>1</NewUptime>")
        elif action == "GetExternalIPAddress":
            out = f"<NewExternalIPAddress>{WAN}</NewExternalIPAddress>"
        elif action == "AddPortMapping":
            if field("NewInternalClient") != self.client_address[0]:
                fault = 606
            elif field("NewLeaseDuration") != "0":
                fault = 725  # as many real ones do
            else:
                mappings[int(field("NewExternalPort"))] = (
                    field("NewInternalClient"), int(field("NewInternalPort")))
                rewrite()
        elif action == "DeletePortMapping":
            mappings.pop(int(field("NewExternalPort")), None)
            rewrite()
        else:
            fault = 401
        print(action, fault, mappings, flush=True)
        envelope = ('<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.'
                    'xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>')
        if fault:
            self.answer(500, envelope.format(
                "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError"
                '</faultstring><detail><UPnPError xmlns="urn:schemas-upnp-org:'
                f'control-1-0"><errorCode>{fault}</errorCode></UPnPError>'
                "</detail></s:Fault>"))
        else:
            self.answer(200, envelope.format(
                f'<u:{action}Response xmlns:u="{SERVICE}">{out}'
                f"</u:{action}Response>"))

    def log_message(self, *args):
        pass


def ssdp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 1900))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton("239.255.255.250") + socket.inet_aton(LAN))
    while True:
        data, peer = s.recvfrom(2048)
        m = re.search(rb"\r\nST: *([^\r]+)", data, re.I)
        if not data.startswith(b"M-SEARCH") or not m:
            continue
        st = m.group(1).decode()
        if "InternetGatewayDevice:1" not in st and "rootdevice" not in st:
            continue
        s.sendto((f"HTTP/1.1 200 OK\r\nST: {st}\r\nUSN: uuid:1::{st}\r\n"
                  f"LOCATION: http://{LAN}:{PORT}/root.xml\r\n"
                  "SERVER: test\r\nEXT:\r\n\r\n").encode(), peer)


def natpmp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((LAN, 5351))
    first = True
    while True:
        data, peer = s.recvfrom(64)
        if first:  # the first packet is lost
            first = False
            continue
        if data[1] == 0:
            s.sendto(struct.pack(">BBHI4s", 0, 128, 0, 1, socket.inet_aton(WAN)),
                     peer)
        elif data[1] == 2:
            inside, outside, life = struct.unpack(">HHI", data[4:12])
            if life == 0:
                for port in [p for p, m in mappings.items()
                             if m == (peer[0], inside)]:
                    del mappings[port]
                outside = 0
            else:
                mappings[outside] = (peer[0], inside)
            rewrite()
            print(inside, outside, life, mappings, flush=True)
            s.sendto(struct.pack(">BBHIHHI", 0, 130, 0, 1, inside, outside,
                                 life), peer)


if sys.argv[1] == "upnp":
    threading.Thread(target=ssdp, daemon=True).start()
    # HTTPServer would ask for its own name, and there is no name server.
    TCPServer.allow_reuse_address = True
    TCPServer((LAN, PORT), Upnp).serve_forever()
else:
    natpmp()

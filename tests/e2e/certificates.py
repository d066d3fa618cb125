"""Certificates made by openssl: an authority, and what it signs."""
import subprocess

CA_SETTINGS = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
VALID = "20240101000000Z", "20491231235959Z"
EXPIRED = "20240101000000Z", "20240102000000Z"


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)


class Authority:
    def __init__(self, folder, name="the authority"):
        self.folder = folder
        folder.mkdir()
        (folder / "index.txt").touch()
        (folder / "serial").write_text("1000\n")
        (folder / "settings").write_text(CA_SETTINGS.format(folder=folder))
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", 365,
                "-keyout", self._key, "-out", self.certificate)

    def sign(self, name, hosts=(), valid=VALID, password_file=None):
        """The files of a new key (encrypted if there is a password) and its certificate."""
        key, request, certificate = (self.folder / f"{name}{end}" for end in (".key", ".csr", ".pem"))
        names = ["-addext", "subjectAltName=" + ",".join(hosts)] if hosts else []
        lock = ["-passout", f"file:{password_file}"] if password_file else ["-nodes"]
        openssl("req", "-newkey", "rsa:2048", "-subj", f"/CN={name}", *names, *lock, "-keyout", key, "-out", request)
        openssl("ca", "-batch", "-notext", "-config", self.folder / "settings", "-cert", self.certificate,
                "-keyfile", self._key, "-startdate", valid[0], "-enddate", valid[1], "-in", request, "-out", certificate)
        return key, certificate

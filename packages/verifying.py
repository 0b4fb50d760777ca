"""Makes the installers that cargo-dist writes refuse what they cannot verify.

The one for shells has the checksums, but goes on without `sha256sum`, which macOS had not for long; the one for
PowerShell has none (cargo-dist's issue 2397)."""

import re

from release import Refused
from sums import digest

SHELL = {
    '''            if ! check_cmd sha256sum; then
                say "skipping sha256 checksum verification (it requires the 'sha256sum' command)"
                return 0
            fi
            _calculated_checksum="$(sha256sum -b "$_file" | awk '{printf $1}')"
''': '''            if check_cmd sha256sum; then
                _calculated_checksum="$(sha256sum -b "$_file" | awk '{printf $1}')"
            elif check_cmd shasum; then
                _calculated_checksum="$(shasum -a 256 "$_file" | awk '{printf $1}')"
            elif check_cmd openssl; then
                _calculated_checksum="$(openssl dgst -sha256 -r "$_file" | awk '{printf $1}')"
            else
                err "the checksum cannot be verified: install sha256sum, shasum or openssl"
            fi
''',
    '''            say "no checksums to verify" 1>&2
''': '''            err "there is no checksum to verify"
''',
}
POWERSHELL = {
    '''  Invoke-DownloadFile -client $wc -url $url -path $dir_path
''': '''  Invoke-DownloadFile -client $wc -url $url -path $dir_path
  $checksum = (Get-FileHash -Path $dir_path -Algorithm SHA256).Hash
  if ($checksum -ne $info["sha256"]) {
    throw "checksum mismatch of ${url}: want $($info["sha256"]), got $checksum"
  }
''',
}
ARTIFACT = re.compile(r'^( *)"artifact_name" = "(.+)"\n', re.MULTILINE)


def patch(folder):
    """Changes the installers in a folder, which has the archives that they download."""
    shell = folder / "cwl2le-installer.sh"
    shell.write_text(_replaced(shell, SHELL))
    script = folder / "cwl2le-installer.ps1"
    # Made only where there is a program for Windows.
    if script.exists():
        text = _replaced(script, POWERSHELL)
        text, count = ARTIFACT.subn(lambda found: _with_checksum(found, folder), text)
        if not count:
            raise Refused(f"{script.name} names no archive; does cargo-dist write it differently now?")
        script.write_text(text)


def _replaced(path, changes):
    text = path.read_text()
    for old, new in changes.items():
        if text.count(old) != 1:
            raise Refused(f"{path.name} has {text.count(old)} times what is to be changed: {old.strip()}")
        text = text.replace(old, new)
    return text


def _with_checksum(found, folder):
    return f'{found[0]}{found[1]}"sha256" = "{digest(folder / found[2])}"\n'

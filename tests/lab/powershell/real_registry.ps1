# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Gives the lab a way to the real registry that a host's PowerShell works on. It connects to the port $port and
# answers lines of tab-separated fields; texts are base64 of UTF-8. Each answer ends with "ok" or "error, number".
$root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$client = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
$client.NoDelay = $true
$in, $out = [IO.StreamReader]::new($client.GetStream()), [IO.StreamWriter]::new($client.GetStream())
function Encode([string] $text) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text)) }
function Decode([string] $text) { [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($text)) }
function Answer { $out.Write(($args -join "`t") + "`n") }
function Open-Key([string] $path, [bool] $writable) {
    $key = $root.OpenSubKey($path, $writable)
    if ($null -eq $key) { throw [IO.FileNotFoundException]::new() }
    $key
}
function Get-Bytes($key, [string] $name) {
    $data = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
    if ($data -is [int] -or $data -is [long]) { return , [BitConverter]::GetBytes($data) }
    if ("$($key.GetValueKind($name))" -match 'String$') { return , [Text.Encoding]::Unicode.GetBytes($data -join "`0") }
    if ($null -eq $data) { return , [byte[]]::new(0) } # of a kind that .NET has no name for
    , [byte[]] $data
}
function Show-Key($key, [string] $path) {
    Answer 'key' (Encode $path)
    foreach ($name in $key.GetValueNames()) { Answer 'value' (Encode $name) $key.GetValueKind($name) ([Convert]::ToBase64String((Get-Bytes $key $name))) }
}
function Show-Tree([string] $path) {
    try { $key = $root.OpenSubKey($path) } catch [Security.SecurityException] { return Answer 'key' (Encode $path) }
    if ($null -eq $key) { return }
    Show-Key $key $path
    foreach ($child in $key.GetSubKeyNames()) { Show-Tree "$path\$child" }
}
$verbs = @{
    read       = { param($path) if ($key = $root.OpenSubKey($path)) { Show-Key $key $path } }
    tree       = { foreach ($path in $args) { Show-Tree $path } }
    children   = { param($path) if ($key = $root.OpenSubKey($path)) { foreach ($name in $key.GetSubKeyNames()) { Answer 'child' (Encode $name) } } }
    create     = { param($path, $lifetime) [void] $root.CreateSubKey($path, 'ReadWriteSubTree', $lifetime) }
    write      = { param($path, $name, $kind, $data)
        $bytes = [Convert]::FromBase64String($data)
        $value = switch -regex ($kind) {
            'DWord' { [BitConverter]::ToInt32($bytes, 0) }
            'QWord' { [BitConverter]::ToInt64($bytes, 0) }
            'String' { [Text.Encoding]::Unicode.GetString($bytes) }
            'Binary|None' { , $bytes }
        }
        if ($kind -eq 'MultiString') { $value = [string[]] $value.Split([char[]] "`0", [StringSplitOptions]::RemoveEmptyEntries) }
        (Open-Key $path $true).SetValue($name, $value, $kind)
    }
    erase      = { param($path, $name) (Open-Key $path $true).DeleteValue($name, $false) }
    remove     = { param($path) $root.DeleteSubKey($path, $true) }
    removetree = { param($path) $root.DeleteSubKeyTree($path, $false) }
    access     = { param($path) Answer 'access' (Encode (Open-Key $path).GetAccessControl('Access').GetSecurityDescriptorSddlForm('Access')) }
    protect    = { param($path, $sddl)
        $security = [Security.AccessControl.RegistrySecurity]::new()
        $security.SetSecurityDescriptorSddlForm($sddl, 'Access')
        $root.OpenSubKey($path, 'ReadWriteSubTree', 'ChangePermissions').SetAccessControl($security)
    }
}
while ($null -ne ($line = $in.ReadLine())) {
    $verb, [string[]] $fields = $line.Split([char] "`t")
    try {
        $fields = @(foreach ($field in $fields) { Decode $field })
        & $verbs[$verb] @fields
        Answer 'ok'
    } catch {
        $failure = $_.Exception.GetBaseException()
        $denied = $failure -is [Security.SecurityException] -or $failure -is [UnauthorizedAccessException]
        $number = if ($denied) { 5 } elseif ($failure -is [InvalidOperationException]) { 1020 } else { $failure.HResult -band 0xFFFF }
        Answer 'error' $number (Encode $failure.Message)
    }
    $out.Flush()
}

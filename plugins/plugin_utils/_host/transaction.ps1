# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# One transaction on a Windows host: records in, records out (records.py lists them). Written for Windows PowerShell 5.1.
# It knows keys, values and two programs; what they mean is decided on the controller. It calls no cmdlet, since module
# logging (event 4103) writes the arguments of a cmdlet, and preshared keys are among what is handled here.
param([string[]] $lines)
if ($PSVersionTable.PSVersion -lt [version] '5.1') { return '#rras#ZXJyb3IJcG93ZXJzaGVsbF90b29fb2xkCQkJCW5vdGhpbmcJCg==#rras#' }
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$kinds = @{ String = 'sz'; ExpandString = 'expand_sz'; MultiString = 'multi_sz'; DWord = 'dword'; QWord = 'qword'; Binary = 'binary' }
$guid = '\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}'
$services = 'SYSTEM\\CurrentControlSet\\Services'
$service = '(PolicyAgent|IKEEXT|RasMan|RemoteAccess)'
$rasman = "$services\\RasMan\\Parameters"
$store = 'SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\Policy\\Local'
$object = "$store\\ipsec\w+$guid"
$own = 'SOFTWARE\\rras\.ipsec(\\\w+)*'
$name, $number, $base64 = '\w+', '\d{1,9}', '[A-Za-z0-9+/=]*'
$readable = "($store|$own|$rasman|$services\\$service|$services\\Tcpip\\Parameters\\Interfaces|$services\\SharedAccess\\Parameters\\FirewallPolicy\\ConSecRules|" +
    'SOFTWARE\\Policies\\Microsoft\\(WindowsFirewall\\ConSecRules|Windows\\IPSec\\GPTIPSECPolicy)|SYSTEM\\CurrentControlSet\\Control\\Class\\\{4d36e972-e325-11ce-bfc1-08002be10318\})'
$sc = "(query|start|stop) $service|control PolicyAgent 129|config (PolicyAgent|IKEEXT) start= [a-z-]+|config RemoteAccess depend= [\w+/`"]+"
# What each verb calls, and the form of its fields. Whatever has another form is refused before anything is done.
$verbs = @{
    begin        = 'Start-Session', $base64, $number
    tree         = 'Read-Tree', $readable, '(\*|\w+(,\w+)*)', $number
    digest       = 'Read-Digest', $store
    run          = 'Invoke-Program', "(netsh`tipsec (static show policy all|dynamic show qmfilter all)|sc`t($sc))", $base64, '(must|may)', "($sc)?"
    start        = 'Start-Service', $service
    unchanged    = 'Assert-Digest', $store, $base64
    require      = 'Assert-Value', $own, $name, $base64
    sealed       = 'Assert-Seal', $own, $name, $store
    seal         = 'Write-Seal', $own, $name, $store
    create       = 'New-Key', "($object|$own|$store)", '(Volatile|None)'
    protect      = 'Protect-Key', "($object|$own)", '[A-Z:();0-9-]+'
    set          = 'Write-Value', "(($object|$own|$store)`t$name|$rasman`tProhibitIpSec)", '(sz|multi_sz|dword|binary)', $base64
    unset        = 'Remove-Value', "(($object|$own|$store)`t$name|$rasman`tProhibitIpSec)"
    delete       = 'Remove-Key', "($object|$own)"
    deletelisted = 'Remove-Listed', $own, $name
    copy         = 'Copy-Key', "($own|$store|$rasman)", $own
    assign       = 'Set-Assigned', "($object)?"
}
$answer = [Text.StringBuilder]::new()
$undo = [Collections.Generic.Stack[object[]]]::new()
$state = @{ nonce = [byte[]]::new(0); seconds = 30; step = ''; code = 'failed' }

function Answer { [void] $answer.Append($args -join "`t").Append("`n") }
function Encode([string] $text) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text)) }
function Fail([string] $code, [string] $message) { $state.code = $code; throw [InvalidOperationException]::new($message) }
function Start-Session([string] $nonce, [int] $seconds) { $state.nonce = [Convert]::FromBase64String($nonce); $state.seconds = $seconds }
function Get-Digest([byte[]] $data) { , [Security.Cryptography.HMACSHA256]::new($state.nonce).ComputeHash($data) }
function Get-Kind($key, [string] $name) { $kind = $kinds["$($key.GetValueKind($name))"]; if ($kind) { $kind } else { 'none' } }
function Get-Data($key, [string] $name) { , $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames') }
function Get-Sorted([string[]] $names) { [Array]::Sort($names, [StringComparer]::OrdinalIgnoreCase); $names }
function Get-Bytes($key, [string] $name) {
    $data = Get-Data $key $name
    switch (Get-Kind $key $name) {
        'dword' { return , [BitConverter]::GetBytes([int] $data) }
        'qword' { return , [BitConverter]::GetBytes([long] $data) }
        { $_ -like '*sz' } { return , [Text.Encoding]::Unicode.GetBytes($data -join "`0") }
    }
    , [byte[]] $data
}

# --- reading: a preshared key never travels, only its digest under the nonce ---
function Read-Field($in, [int] $count) {
    if ($count -lt 0 -or $count -gt $in.BaseStream.Length - $in.BaseStream.Position) { throw [IO.EndOfStreamException]::new() }
    , $in.ReadBytes($count)
}
function Copy-Text($in, $out) { $count = $in.ReadInt32(); $out.Write($count); $out.Write([byte[]] (Read-Field $in $count)) }
function Copy-Methods($in, $out) {
    $count = $in.ReadInt32(); $out.Write($count)
    for ($i = 0; $i -lt $count; $i++) {
        $type = $in.ReadInt32(); $data = Read-Field $in $in.ReadInt32()
        if ($type -notin 3, 5) { $data = Get-Digest $data }
        $out.Write($type); $out.Write($data.Length); $out.Write([byte[]] $data)
    }
}
function Get-MaskedRule([byte[]] $data) {
    $in = [IO.BinaryReader]::new([IO.MemoryStream]::new($data)); $body = [IO.MemoryStream]::new(); $out = [IO.BinaryWriter]::new($body)
    [void] (Read-Field $in 20)
    Copy-Methods $in $out; $out.Write([byte[]] (Read-Field $in 4)); Copy-Text $in $out; $out.Write([byte[]] (Read-Field $in 12)); Copy-Text $in $out
    while ($in.BaseStream.Length - $in.BaseStream.Position -ge 16) {
        $section = Read-Field $in 16
        if ([BitConverter]::ToString($section) -notmatch '^(01-){15}0[123]$') { break }
        $out.Write([byte[]] $section)
        if ($section[15] -eq 1) { Copy-Methods $in $out } elseif ($section[15] -eq 3) { $out.Write([byte[]] (Read-Field $in 16)) }
        else { $count = $in.ReadInt32(); $out.Write($count); $out.Write([byte[]] (Read-Field $in (4 * $count))) }
    }
    , ([byte[]] $data[0..15] + [BitConverter]::GetBytes([int] $body.Length) + $body.ToArray() + [byte] 0)
}
function Get-Shown([string] $path, [string] $name, [byte[]] $data) {
    $type = if ($name -eq 'ipsecData' -and $data.Length -ge 16) { "$([Guid]::new([byte[]] $data[0..15]))" }
    $public = '22202163-4f4c-11d1-863b-00a0248d3021', '80dc20b8-2ec8-11d1-a89e-00a0248d3021', '80dc20b9-2ec8-11d1-a89e-00a0248d3021', '80dc20b5-2ec8-11d1-a89e-00a0248d3021'
    if ($type -in $public -and $path -match "^$store\\ipsec" -and $path -notmatch '\\ipsecNFA') { return 'binary', $data }
    if ($type -eq '11bbac00-498d-11d1-8639-00a0248d3021') { try { return 'binary', (Get-MaskedRule $data) } catch { $type = '' } }
    'withheld', ([BitConverter]::GetBytes($data.Length) + (Get-Digest $data))
}
function Read-Tree([string] $path, [string] $names, [int] $depth) {
    try { $key = $root.OpenSubKey($path) } catch [Security.SecurityException] { return Answer 'denied' (Encode $path) }
    if ($null -eq $key) { return }
    Answer 'key' (Encode $path)
    foreach ($name in $key.GetValueNames()) {
        if ($names -ne '*' -and $names.Split(',') -notcontains $name) { continue }
        $kind = Get-Kind $key $name; $data = Get-Bytes $key $name
        if ($kind -in 'binary', 'none') { $kind, $data = Get-Shown $path $name $data }
        Answer 'value' (Encode $name) $kind ([Convert]::ToBase64String([byte[]] $data))
    }
    if ($path -match '\\ipsecNFA') { Answer 'access' (Encode (Get-Access $path)) }
    if ($depth -gt 0) { foreach ($child in $key.GetSubKeyNames()) { if ($child -ne 'Backup') { Read-Tree "$path\$child" $names ($depth - 1) } } }
}
function Add-Fingerprint($out, [string] $path) {
    $key = $root.OpenSubKey($path)
    if ($null -eq $key) { return }
    $out.Write($path.ToUpperInvariant())
    foreach ($name in Get-Sorted $key.GetValueNames()) {
        if ($name -eq 'whenChanged') { continue }
        $out.Write($name.ToUpperInvariant()); $out.Write((Get-Kind $key $name)); $out.Write([Convert]::ToBase64String((Get-Bytes $key $name)))
    }
    foreach ($child in Get-Sorted $key.GetSubKeyNames()) { Add-Fingerprint $out "$path\$child" }
}
function Get-Fingerprint([string[]] $paths) {
    $stream = [IO.MemoryStream]::new(); $out = [IO.BinaryWriter]::new($stream)
    foreach ($path in $paths) { Add-Fingerprint $out $path }
    , [Security.Cryptography.SHA256]::Create().ComputeHash($stream.ToArray())
}
function Get-StoreDigest([string] $path) { [Convert]::ToBase64String((Get-Digest (Get-Fingerprint $path))) }
function Read-Digest([string] $path) { Answer 'digest' (Get-StoreDigest $path) }
function Assert-Digest([string] $path, [string] $digest) { if ((Get-StoreDigest $path) -cne $digest) { Fail 'conflict' 'the policy store changed since it was read' } }
function Assert-Value([string] $path, [string] $name, [string] $text) {
    $key = $root.OpenSubKey($path)
    if ($null -eq $key -or (Encode $key.GetValue($name)) -cne $text) { Fail 'conflict' "the value $name is not the expected one" }
}
function Assert-Seal([string] $path, [string] $name, [string] $source) {
    $seal = [byte[]] (Open-Key $path).GetValue($name)
    if ([BitConverter]::ToString($seal) -cne [BitConverter]::ToString((Get-Fingerprint $source))) { Fail 'conflict' 'the policy store changed since the phase before' }
}

# --- writing: each function leaves on $undo what takes its change back ---
function Open-Key([string] $path) { $key = $root.OpenSubKey($path, $true); if ($null -eq $key) { Fail 'failed' 'the key does not exist' }; $key }
function Get-Access([string] $path) { (Open-Key $path).GetAccessControl('Access').GetSecurityDescriptorSddlForm('Access') }
function Set-Data([string] $path, [string] $name, $data, [string] $kind) {
    $key = Open-Key $path
    if ($key.GetValueNames() -contains $name) { $undo.Push(@('Set-Data', $path, $name, (Get-Data $key $name), "$($key.GetValueKind($name))")) }
    else { $undo.Push(@('Remove-Value', $path, $name)) }
    $key.SetValue($name, $data, $kind)
}
function Write-Value([string] $path, [string] $name, [string] $kind, [string] $text) {
    $data = [Convert]::FromBase64String($text)
    switch ($kind) {
        'dword' { Set-Data $path $name ([BitConverter]::ToInt32($data, 0)) 'DWord' }
        'binary' { Set-Data $path $name $data 'Binary' }
        'sz' { Set-Data $path $name ([Text.Encoding]::Unicode.GetString($data)) 'String' }
        'multi_sz' { Set-Data $path $name ([Text.Encoding]::Unicode.GetString($data).Split([char[]] "`0", 'RemoveEmptyEntries')) 'MultiString' }
    }
}
function Write-Seal([string] $path, [string] $name, [string] $source) { Set-Data $path $name (Get-Fingerprint $source) 'Binary' }
function Remove-Value([string] $path, [string] $name) {
    $key = Open-Key $path
    if ($key.GetValueNames() -notcontains $name) { return }
    $undo.Push(@('Set-Data', $path, $name, (Get-Data $key $name), "$($key.GetValueKind($name))"))
    $key.DeleteValue($name)
}
function New-Key([string] $path, [string] $lifetime) {
    if ($lifetime -eq 'Volatile') { Remove-Key $path } # CreateSubKey would only open a lasting key of that name
    if ($null -ne $root.OpenSubKey($path)) { return }
    [void] $root.CreateSubKey($path, 'ReadWriteSubTree', $lifetime)
    $undo.Push(@('Remove-Key', $path))
}
function Protect-Key([string] $path, [string] $sddl) {
    $undo.Push(@('Protect-Key', $path, (Get-Access $path)))
    $security = [Security.AccessControl.RegistrySecurity]::new(); $security.SetSecurityDescriptorSddlForm($sddl, 'Access')
    $root.OpenSubKey($path, 'ReadWriteSubTree', 'FullControl').SetAccessControl($security)
}
function Remove-Key([string] $path) {
    $key = $root.OpenSubKey($path)
    if ($null -eq $key) { return }
    foreach ($child in $key.GetSubKeyNames()) { Remove-Key "$path\$child" }
    foreach ($name in $key.GetValueNames()) { Remove-Value $path $name }
    $undo.Push(@('Protect-Key', $path, (Get-Access $path)))
    $undo.Push(@('New-Key', $path, $(if ($path -match '\\RestartPending$') { 'Volatile' } else { 'None' })))
    $root.DeleteSubKey($path)
}
function Remove-Listed([string] $path, [string] $name) {
    foreach ($listed in (Open-Key $path).GetValue($name)) {
        if ($listed -notmatch "^$object$") { Fail 'refused' 'a listed key is outside the policy store' }
        Remove-Key $listed
    }
}
function Copy-Below([string] $source, [string] $target) {
    $key = $root.OpenSubKey($source)
    if ($null -eq $key) { return }
    New-Key $target 'None'
    foreach ($name in $key.GetValueNames()) { Set-Data $target $name (Get-Data $key $name) "$($key.GetValueKind($name))" }
    foreach ($child in $key.GetSubKeyNames()) { Copy-Below "$source\$child" "$target\$child" }
}
function Copy-Key([string] $source, [string] $target) { Remove-Key $target; Copy-Below $source $target }

# --- programs, by absolute path ---
function Start-Program([string] $program, [string] $arguments) {
    $start = [Diagnostics.ProcessStartInfo]::new("$([Environment]::SystemDirectory)\$program.exe", $arguments)
    $start.UseShellExecute = $false; $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    try { $process = [Diagnostics.Process]::Start($start) } catch { return -1, "$program.exe can't be started" }
    $process.StandardInput.Close()
    $out, $errors = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit(1000 * $state.seconds)) { $process.Kill(); return -1, "$program.exe did not end within $($state.seconds) seconds" }
    $process.ExitCode, ($out.Result + "`n" + $errors.Result)
}
function Invoke-Program([string] $program, [string] $arguments, [string] $pattern, [string] $must, [string] $opposite) {
    $code, $text = Start-Program $program $arguments
    if ($must -eq 'must' -and $code -ne 0) { Fail 'failed' "$program $arguments ended with code $code" }
    if ($opposite) { $undo.Push(@('Start-Program', $program, $opposite)) }
    Answer 'ran' (Encode "$program $arguments") $code (Encode ([regex]::Matches($text, [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($pattern))) -join "`n"))
}
function Get-ServiceState([string] $service) { $text = (Start-Program 'sc' "query $service")[1]; [regex]::Matches($text, ':\s+([0-9a-f]+)\s')[1].Groups[1].Value }
function Start-Service([string] $service) {
    if ((Get-ServiceState $service) -eq '4') { return }
    $undo.Push(@('Start-Program', 'sc', "stop $service"))
    $clock = [Diagnostics.Stopwatch]::StartNew(); $code = (Start-Program 'sc' "start $service")[0]
    while ($code -eq 0 -and (Get-ServiceState $service) -ne '4') { if ($clock.Elapsed.TotalSeconds -gt $state.seconds) { $code = 1053 } else { [Threading.Thread]::Sleep(200) } }
    if ($code -ne 0) { Fail 'service_not_started' "the service $service did not start (code $code)" }
}
function Set-Assigned([string] $policy) {
    $before = "$((Open-Key $storePath).GetValue('ActivePolicy'))"
    if (-not $policy -and -not $before) { return }
    $undo.Push(@('Set-Assigned', $before))
    $id = [regex]::Match("$policy $before", $guid, 'IgnoreCase').Value; $word = if ($policy) { 'yes' } else { 'no' }
    $code, $text = Start-Program 'netsh' "ipsec static set policy guid=$id assign=$word"
    if ($code -eq 0 -and $text -notmatch '(?m)^\s*ERR \w*\s*\[' -and "$((Open-Key $storePath).GetValue('ActivePolicy'))" -eq $policy) { return Answer 'assigned' 'netsh' }
    if ($policy) { Set-Data $storePath 'ActivePolicy' $policy 'String' } else { Remove-Value $storePath 'ActivePolicy' }
    if ((Start-Program 'sc' 'control PolicyAgent 129')[0] -ne 0) { Fail 'not_assigned' 'neither netsh nor the control 129 to PolicyAgent worked' }
    Answer 'assigned' 'registry'
}

# --- one transaction: everything is checked, then everything is done, or everything is taken back ---
function Get-Request([string] $line) {
    $verb, $fields = $line.Split([char[]] "`t", 2)
    $state.step = "$verb`t" + [regex]::Match($fields, '^(SOFTWARE|SYSTEM)\\[^\t]*').Value
    if (-not $verbs[$verb] -or "$fields" -notmatch "^$($verbs[$verb][1..9] -join "`t")$") { Fail 'refused' 'the record is malformed or names what this script never touches' }
    , (@($state.step, $verbs[$verb][0]) + "$fields".Split([char[]] "`t"))
}
function Undo-Everything {
    $steps = $undo.ToArray()
    $left = foreach ($step in $steps) {
        $function, $fields = $step
        try { & $function @fields } catch { "$function $($step[1]): $($_.Exception.GetBaseException().Message)" }
    }
    if ($left) { 'partly', ($left -join '; ') }
    elseif ($steps -and [BitConverter]::ToString((Get-Fingerprint $watched)) -cne $before) { 'partly', 'the keys are not as they were' }
    elseif ($steps) { 'undone', '' } else { 'nothing', '' }
}
$storePath = 'SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local'
$watched = $storePath, 'SOFTWARE\rras.ipsec'
$root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$mutex = [Threading.Mutex]::new($false, 'Global\rras.ipsec'); $held = $false
try {
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) { Fail 'wow64' '' }
    $user = [Security.Principal.WindowsPrincipal]::new([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole] 'Administrator')) { Fail 'not_administrator' '' }
    $requests = @(foreach ($line in $lines) { if ($line) { Get-Request $line } })
    try { $held = $mutex.WaitOne(60000) } catch [Threading.AbandonedMutexException] { $held = $true }
    if (-not $held) { Fail 'busy' 'another run holds the lock' }
    $before = [BitConverter]::ToString((Get-Fingerprint $watched))
    foreach ($request in $requests) {
        $state.step, $function, $fields = $request
        & $function @fields
    }
    Answer 'done'
} catch {
    $message = $_.Exception.GetBaseException().Message
    $outcome, $left = Undo-Everything
    Answer 'error' $state.code $state.step (Encode $message) $outcome (Encode $left)
} finally { if ($held) { $mutex.ReleaseMutex() } }
'#rras#' + (Encode $answer) + '#rras#'

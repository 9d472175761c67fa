# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# One transaction on a Windows host, for Windows PowerShell 5.1: records in, records out (records.py lists them). It calls
# no cmdlet, since module logging (event 4103) writes the arguments of a cmdlet, and preshared keys are handled here.
param([string[]] $lines)
if ($PSVersionTable.PSVersion -lt [version] '5.1') { return '#rras#ZXJyb3IJcG93ZXJzaGVsbF90b29fb2xkCQkJCW5vdGhpbmcJCg==#rras#' }
$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'
$services, $service, $guid = 'SYSTEM\\CurrentControlSet\\Services', '(PolicyAgent|IKEEXT|RasMan|RemoteAccess|MpsSvc)', '\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}'
$store, $own, $rasman = 'SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\Policy\\Local', 'SOFTWARE\\rras\.ipsec(\\\w+)*', "$services\\RasMan\\Parameters"
$wall = "$services\\SharedAccess\\Parameters\\FirewallPolicy"
$readable = '(' + (@(
    $store, $own, $rasman, "$services\\$service", "$services\\Tcpip\\(Linkage|Parameters\\Interfaces)"
    "($wall|SOFTWARE\\Policies\\Microsoft\\WindowsFirewall)\\(Domain|Standard|Private|Public)Profile"
    'SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\GPTIPSECPolicy'
    'SYSTEM\\CurrentControlSet\\Control\\(ComputerName\\ActiveComputerName|Class\\\{4d36e972-e325-11ce-bfc1-08002be10318\})'
) -join '|') + ')'
$object, $sc = "$store\\ipsec\w+$guid", "sc`t(query $service|control PolicyAgent 129|config (PolicyAgent|IKEEXT) start= [a-z-]+|config RemoteAccess depend= [\w+/]+)"
$firewall = 'advfirewall firewall (delete rule name=rras\.ipsec-L2TP-over-IPv6|add rule name=rras\.ipsec-L2TP-over-IPv6 ' +
    'dir=in action=block protocol=UDP localport=1701 remoteip=::/1,8000::/1 profile=any enable=yes)'
$program = "(netsh`t($firewall|ipsec (static show policy all|dynamic show qmfilter all))|net`t(start|stop) (PolicyAgent|IKEEXT|RemoteAccess)|$sc)"
$name, $base64, $place = '\w+', '[A-Za-z0-9+/=]*', "(($object|$own|$store)`t\w+|$rasman`tProhibitIpSec)"
$former = "($own`t\w+|$rasman`tProhibitIpSec)" # what stood there before us is given back, whatever its kind
# the form of each verb's fields, and each verb is a function: whatever has another form is refused before anything is done
$verbs = @{
    Prepare         = $base64, '\d{1,5}'
    ReadTree        = "($readable`t(\*|\w+(,\w+)*)`t\d|SOFTWARE\\Microsoft\\Cryptography`tMachineGuid`t0|$wall\\FirewallRules`t\|Name=rras\.ipsec-L2TP-over-IPv6\|`t0)"
    ReadDigest      = $store
    RunProgram      = $program, $base64, '(must|may)', "($program)?`t?"
    ExpectUnchanged = $store, $base64
    ExpectValue     = "($own`t$name|$rasman`tProhibitIpSec)", $base64
    ExpectSealed    = $own, $name, $store
    Seal            = $own, $name, $store
    CreateKey       = "($object|$own|$store)", '(Volatile|None)'
    ProtectKey      = "($object|$own)", '[A-Z:();]+'
    SetValue        = "($place`t(String|MultiString|DWord|Binary)|$former`t(QWord|ExpandString|None))", $base64
    UnsetValue      = $place
    DeleteKey       = "($object|$own)"
    DeleteListed    = $own, $name
    CopyKey         = "($own|$store|$rasman)", $own
    Flush           = "($store|$own|$rasman)"
    AssignPolicy    = "($object)?"
}
$answer, $undo = [Text.StringBuilder]::new(), [Collections.Generic.Stack[object[]]]::new()
$state = @{ nonce = [byte[]]::new(0); seconds = 30; step = "`t"; code = 'failed' }
function Answer { [void] $answer.Append($args -join "`t").Append("`n") }
function Encode([string] $text) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text)) }
function Decode([string] $text) { [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($text)) }
function Fail([string] $code, [string] $message) { $state.code = $code; throw [InvalidOperationException]::new($message) }
function Prepare([string] $nonce, [int] $seconds) { $state.nonce = [Convert]::FromBase64String($nonce); $state.seconds = $seconds }
function Get-Digest([byte[]] $data) { , [Security.Cryptography.HMACSHA256]::new($state.nonce).ComputeHash($data) }
function Get-Data($key, [string] $name) { , $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames') }
function Test-Data([string] $kind, $data) { # whether .NET could read the data as what their kind says, so that it could write them again
    switch ($kind) {
        'DWord' { $data -is [int] }
        'QWord' { $data -is [long] }
        'Unknown' { $false }
        default { $null -ne $data }
    }
}
function ConvertTo-Field($data) { if ($data -is [byte[]]) { [Convert]::ToBase64String($data) } else { Encode ($data -join "`0") } }
# Reading. A preshared key never travels, only its digest under the nonce; what can't be parsed is withheld.
function Read-Field($in, [int] $count) {
    if ($count -lt 0 -or $count -gt $in.BaseStream.Length - $in.BaseStream.Position) { throw [IO.EndOfStreamException]::new() }
    , $in.ReadBytes($count)
}
function Read-OneOf($in, [int[]] $known) { $number = $in.ReadInt32(); if ($number -notin $known) { throw [FormatException]::new() }; $number }
function Copy-Text($in, $out) { $count = $in.ReadInt32(); $out.Write($count); $out.Write([byte[]] (Read-Field $in $count)) }
function Copy-Methods($in, $out) {
    $count = $in.ReadInt32(); $out.Write($count)
    for ($i = 0; $i -lt $count; $i++) {
        $type = $in.ReadInt32(); $data = Read-Field $in $in.ReadInt32(); if ($type -notin 3, 5) { $data = Get-Digest $data }
        $out.Write($type); $out.Write($data.Length); $out.Write([byte[]] $data)
    }
    $count
}
function Get-MaskedRule([byte[]] $data) {
    $in = [IO.BinaryReader]::new([IO.MemoryStream]::new($data)); $body = [IO.MemoryStream]::new(); $out = [IO.BinaryWriter]::new($body)
    [void] (Read-Field $in 20); $methods = Copy-Methods $in $out
    $out.Write([int] (Read-OneOf $in -3, -2, -1)); Copy-Text $in $out
    $out.Write([byte[]] (Read-Field $in 4)); foreach ($flag in 1, 2) { $out.Write([int] (Read-OneOf $in 0, 1)) }; Copy-Text $in $out
    while ($in.BaseStream.Length - $in.BaseStream.Position -ge 16) {
        $rest = [BitConverter]::ToString($data, [int] $in.BaseStream.Position) # an unused byte may stand before a section
        if ($rest -notmatch '^(..-)?(01-){15}0[123]') { break } elseif ($rest -notmatch '^(01-){15}0[123]') { [void] $in.ReadByte() }
        $section = Read-Field $in 16; $out.Write([byte[]] $section)
        if ($section[15] -eq 1) { $methods = Copy-Methods $in $out } elseif ($section[15] -eq 3) { $out.Write([byte[]] (Read-Field $in 16)) }
        else { [void] $in.ReadInt32(); $out.Write(0); for ($i = 0; $i -lt $methods; $i++) { $out.Write([int] (Read-OneOf $in 0, 1, 2, 3)) } }
    }
    , [byte[]] ($data[0..15] + [BitConverter]::GetBytes([int] $body.Length) + $body.ToArray() + [byte] 0)
}
function Get-Shown([string] $path, [string] $name, $data) {
    if ($null -eq $data) { $data = [byte[]]::new(0) } elseif ($data -isnot [byte[]]) { $data = [BitConverter]::GetBytes($data) }
    $type = if ($name -eq 'ipsecData' -and $data.Length -ge 16) { "$([Guid]::new([byte[]] $data[0..15]))" }
    $keyless = $type -match '^(22202163-4f4c-11d1-863b-00a0248d3021|80dc20b[589]-2ec8-11d1-a89e-00a0248d3021)$'
    if ($keyless -and $path -match "^$store\\ipsec" -and $path -notmatch '\\ipsecNFA') { return 'Binary', $data }
    if ($type -eq '11bbac00-498d-11d1-8639-00a0248d3021') { try { return 'Binary', (Get-MaskedRule $data) } catch { $type = '' } }
    'Withheld', [byte[]] ([BitConverter]::GetBytes($data.Length) + (Get-Digest $data))
}
function Open-ToRead([string] $path) { # $false: there is a key that not even administrators may read
    try { $root.OpenSubKey($path) } catch [Security.SecurityException] { $false }
}
function ReadTree([string] $path, [string] $names, [int] $depth) {
    $key = Open-ToRead $path
    if ($null -eq $key) { return }
    if ($key -is [bool]) { return Answer 'denied' (Encode $path) }
    Answer 'key' (Encode $path)
    foreach ($name in $key.GetValueNames()) {
        if ($names[0] -eq '|') { if ("$($key.GetValue($name))" -notlike "*$names*") { continue } } # of what may be many values, those with a text in their data
        elseif ($names -ne '*' -and $names.Split(',') -notcontains $name) { continue }
        $kind = "$($key.GetValueKind($name))"; $data = Get-Data $key $name
        if ($kind -notmatch 'String|Word' -or -not (Test-Data $kind $data)) { $kind, $data = Get-Shown $path $name $data }
        Answer 'value' (Encode $name) $kind (ConvertTo-Field $data)
    }
    if ($path -match '\\ipsecNFA') { Answer 'access' (Encode (Get-Access $path)) }
    if ($depth -gt 0) { foreach ($child in $key.GetSubKeyNames()) { if ($child -ne 'Backup') { ReadTree "$path\$child" $names ($depth - 1) } } }
}
function Get-Lines([string] $path) {
    $key = Open-ToRead $path
    if ($null -eq $key) { return }
    Encode $path.ToUpperInvariant()
    if ($key -is [bool]) { return 'denied' }
    $names = $key.GetValueNames()
    $children = $key.GetSubKeyNames()
    foreach ($list in $names, $children) { [Array]::Sort($list, [StringComparer]::OrdinalIgnoreCase) }
    foreach ($name in $names) {
        if ($name -eq 'whenChanged') { continue }
        "$(Encode $name.ToUpperInvariant()) $($key.GetValueKind($name)) $(ConvertTo-Field (Get-Data $key $name))"
    }
    foreach ($child in $children) { Get-Lines "$path\$child" }
}
function Get-Fingerprint([string[]] $paths) { # SHA256 throws in FIPS mode before .NET Framework 4.6.2, HMACSHA256 does not
    $lines = @(foreach ($path in $paths) { Get-Lines $path }) -join "`n"
    $hash = [Security.Cryptography.HMACSHA256]::new([Text.Encoding]::ASCII.GetBytes('rras.ipsec'))
    , $hash.ComputeHash([Text.Encoding]::ASCII.GetBytes($lines))
}
function Get-StoreDigest([string] $path) { [Convert]::ToBase64String((Get-Digest (Get-Fingerprint $path))) }
function ReadDigest([string] $path) { Answer 'digest' (Get-StoreDigest $path) }
function Assert-Same([string] $found, [string] $expected, [string] $what) { if ($found -cne $expected) { Fail 'conflict' "$what changed meanwhile" } }
function ExpectUnchanged([string] $path, [string] $digest) { Assert-Same (Get-StoreDigest $path) $digest 'the policy store' }
function ExpectValue([string] $path, [string] $name, [string] $field) {
    $key = $root.OpenSubKey($path); Assert-Same "$(if ($key) { ConvertTo-Field (Get-Data $key $name) })" $field "the value $name"
}
function ExpectSealed([string] $path, [string] $name, [string] $source) { ExpectValue $path $name (ConvertTo-Field (Get-Fingerprint $source)) }
function Get-Trustees([string] $path) { foreach ($entry in [regex]::Matches((Get-Access $path), ';([^;()]+)\)')) { $entry.Groups[1].Value } }
function Assert-Own([string] $path, [string[]] $trusted, [int] $depth) { # .NET follows registry links and can't see them, but hardly any key lets in as few as ours
    $state.step = "Prepare`t$path"
    $key = $root.OpenSubKey($path)
    $strange = $null -eq $key -or $depth -gt 8
    if ($trusted -and -not $strange) { foreach ($who in Get-Trustees $path) { $strange = $strange -or $who -notin $trusted } }
    if ($strange) { Fail 'failed' 'the key is none that this collection made: it may be a registry link' }
    foreach ($child in $key.GetSubKeyNames()) { Assert-Own "$path\$child" $trusted ($depth + 1) }
}
# Writing. Each function leaves on $undo what takes its change back.
function Open-Key([string] $path, [bool] $writable = $true) {
    $key = $root.OpenSubKey($path, $writable)
    if ($null -eq $key) { Fail 'failed' "the key $path does not exist" }
    $key
}
function Get-Access([string] $path) { (Open-Key $path $false).GetAccessControl('Access').GetSecurityDescriptorSddlForm('Access') }
function Push-Value($key, [string] $path, [string] $name) {
    $kind = "$($key.GetValueKind($name))"
    $data = Get-Data $key $name
    if (-not (Test-Data $kind $data)) { Fail 'failed' "the value $name of the key $path could not be put back as it is" }
    $undo.Push(@('Set-Data', $path, $name, $data, $kind))
}
function Set-Data([string] $path, [string] $name, $data, [string] $kind) {
    $key = Open-Key $path
    if ($key.GetValueNames() -contains $name) { Push-Value $key $path $name } else { $undo.Push(@('UnsetValue', $path, $name)) }
    $key.SetValue($name, $data, $kind)
}
function SetValue([string] $path, [string] $name, [string] $kind, [string] $field) {
    if ($kind -in 'Binary', 'None') { $data = [Convert]::FromBase64String($field) } else { $data = Decode $field }
    if ($kind -eq 'MultiString') { $data = $data.Split([char[]] "`0", [StringSplitOptions]::RemoveEmptyEntries) }
    Set-Data $path $name $data $kind
}
function Seal([string] $path, [string] $name, [string] $source) { Set-Data $path $name (Get-Fingerprint $source) 'Binary' }
function UnsetValue([string] $path, [string] $name) {
    $key = Open-Key $path
    if ($key.GetValueNames() -notcontains $name) { return }
    Push-Value $key $path $name
    $key.DeleteValue($name)
    if ($key.GetValueNames() -contains $name) { Fail 'failed' "the value $name of the key $path is still there" } # DeleteValue says nothing
}
function CreateKey([string] $path, [string] $lifetime, [string] $undoer = 'DeleteKey') {
    if ($lifetime -eq 'Volatile') { DeleteKey $path } # CreateSubKey would only open a lasting key of that name
    if ($null -ne $root.OpenSubKey($path)) { return }
    CreateKey $path.Substring(0, $path.LastIndexOf('\')) 'None' 'Remove-EmptyKey' # CreateSubKey alone would make parents that nobody undoes
    [void] $root.CreateSubKey($path, 'ReadWriteSubTree', $lifetime)
    $undo.Push(@($undoer, $path))
}
function Remove-EmptyKey([string] $path) {
    $key = Open-Key $path
    if ($key.SubKeyCount + $key.ValueCount) { Fail 'failed' "the key $path is not empty" }
    $root.DeleteSubKey($path)
}
function ProtectKey([string] $path, [string] $sddl) {
    $undo.Push(@('ProtectKey', $path, (Get-Access $path)))
    $security = [Security.AccessControl.RegistrySecurity]::new(); $security.SetSecurityDescriptorSddlForm($sddl, 'Access')
    $root.OpenSubKey($path, 'ReadWriteSubTree', 'FullControl').SetAccessControl($security)
}
function Get-Lifetime([string] $path) { # .NET can't tell, but no lasting key can be made below a volatile one
    if ($path -notmatch "^$own$") { return 'None' }
    try { [void] $root.CreateSubKey("$path\Probe", 'ReadWriteSubTree', 'None') } catch [IO.IOException] { return 'Volatile' }
    $root.DeleteSubKey("$path\Probe")
    'None'
}
function DeleteKey([string] $path) {
    if ($null -eq ($key = $root.OpenSubKey($path))) { return }
    if ($path -match "^$object$" -and $key.SubKeyCount) { Fail 'failed' "the key $path holds keys, as no part of a policy does: it may be a registry link" }
    foreach ($child in $key.GetSubKeyNames()) { DeleteKey "$path\$child" }
    foreach ($name in $key.GetValueNames()) { UnsetValue $path $name }
    $undo.Push(@('ProtectKey', $path, (Get-Access $path)))
    $undo.Push(@('CreateKey', $path, (Get-Lifetime $path)))
    $root.DeleteSubKey($path)
    $parent, $name = $path -split '\\(?=[^\\]+$)' # what is left may be a link that leads nowhere now, so it is looked for in the list
    if ($root.OpenSubKey($parent).GetSubKeyNames() -contains $name) { Fail 'failed' "the key $path is still there" }
}
function DeleteListed([string] $path, [string] $name) {
    foreach ($listed in (Open-Key $path).GetValue($name)) {
        if ($listed -notmatch "^$object$") { continue }
        DeleteKey $listed
        Answer 'deleted' (Encode $listed)
    }
}
function CopyKey([string] $source, [string] $target) {
    $key = Open-ToRead $source
    if ($key -isnot [Microsoft.Win32.RegistryKey]) { return }
    CreateKey $target 'None'
    foreach ($name in $key.GetValueNames()) {
        $kind = "$($key.GetValueKind($name))"
        $data = Get-Data $key $name
        if (Test-Data $kind $data) { Set-Data $target $name $data $kind } # nobody but Windows could write what is left out
    }
    foreach ($child in $key.GetSubKeyNames()) { CopyKey "$source\$child" "$target\$child" }
}
function Flush([string] $path) { # Windows writes the hives SOFTWARE and SYSTEM to disk when it likes, each by itself
    while ($null -eq ($key = $root.OpenSubKey($path, $true))) { $path = $path.Substring(0, $path.LastIndexOf('\')) }
    $key.SetValue('rras.ipsec', '', 'String') # .NET flushes only through an object that has set a value
    $key.DeleteValue('rras.ipsec')
    $key.Flush()
    foreach ($other in $rasmanPath, $storePath) { $undo.Push(@('Flush', $other)) } # what was undone until then comes to disk first
}
function Start-Program([string] $program, [string] $arguments) {
    $start = [Diagnostics.ProcessStartInfo]::new("$([Environment]::SystemDirectory)\$program.exe", $arguments)
    $start.UseShellExecute = $false; $start.CreateNoWindow = $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    try { $process = [Diagnostics.Process]::Start($start) } catch { return -1, "$program.exe can't be started" }
    $process.StandardInput.Close(); $out, $errors = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit(1000 * $state.seconds)) { $process.Kill(); return -1, "$program.exe did not end within $($state.seconds) seconds" }
    $process.ExitCode, ($out.Result + "`n" + $errors.Result)
}
function Get-State([string] $name) { # the second number: labels are translated
    $code, $text = Start-Program 'sc' "query $name"; $found = [regex]::Matches($text, ':\s+([0-9a-f]+)\s')
    if ($found.Count -gt 1) { $found[1].Groups[1].Value }
}
function Get-Shortfall([string] $program, [string] $arguments, [int] $code) { # what net.exe was to do may be done, whatever its code: others start services too
    $said = "$program $arguments ended with code $code"
    if ($program -ne 'net') { if ($code -ne 0) { $said }; return }
    $verb, $name = $arguments.Split(' ')
    $passing, $wanted, $left = if ($verb -eq 'start') { '2', '4', 'not running' } else { '3', '1', 'not stopped' }
    for ($i = 0; ($now = Get-State $name) -eq $passing -and $i -lt 2 * $state.seconds; $i++) { [Threading.Thread]::Sleep(500) }
    if ($now -ne $wanted) { "$said, and the service is $left" }
}
function RunProgram([string] $program, [string] $arguments, [string] $pattern, [string] $must, [string] $undoer, [string] $undoing) {
    $code, $text = Start-Program $program $arguments
    $ran = $code -eq 0 -or ($code -eq -1 -and $text -match ' did not end within ') # what was ended may have done its work
    if ($undoer -and $ran) { $undo.Push(@('Undo-Program', $undoer, $undoing)) }
    if ($must -eq 'must' -and ($short = Get-Shortfall $program $arguments $code)) { Fail 'failed' $short }
    Answer 'ran' (Encode "$program $arguments") $code (Encode ([regex]::Matches($text, (Decode $pattern)) -join "`n"))
}
function Undo-Program([string] $program, [string] $arguments) {
    $code, $text = Start-Program $program $arguments
    if ($short = Get-Shortfall $program $arguments $code) { Fail 'failed' $short }
}
function Get-Assigned { "$((Open-Key $storePath).GetValue('ActivePolicy'))" }
function AssignPolicy([string] $policy) {
    $before = Get-Assigned; if ($before -eq $policy) { return } else { $undo.Push(@('AssignPolicy', $before)) }
    $id = [regex]::Match("$policy $before", $guid, 'IgnoreCase').Value; $word = if ($policy) { 'yes' } else { 'no' }
    $code, $text = Start-Program 'netsh' "ipsec static set policy guid=$id assign=$word"
    if ($code -eq 0 -and $text -notmatch '(?m)^\s*ERR \w*\s*\[' -and (Get-Assigned) -eq $policy) { return Answer 'assigned' 'netsh' }
    if ($policy) { Set-Data $storePath 'ActivePolicy' $policy 'String' } else { UnsetValue $storePath 'ActivePolicy' }
    if ((Start-Program 'sc' 'control PolicyAgent 129')[0] -ne 0 -and $policy) { Fail 'not_assigned' 'neither netsh nor the control 129 to PolicyAgent worked' }
    Answer 'assigned' 'registry'
}
# The transaction. Everything is checked, then everything is done; an error takes everything back, in reverse, and proves it.
function Get-Request([string] $line) {
    $verb, $fields = $line.Split([char[]] "`t", 2)
    $state.step = "$verb`t" + [regex]::Match($fields, '^(SOFTWARE|SYSTEM)\\[^\t]*').Value
    if (-not $verbs[$verb] -or "$fields" -notmatch "^$($verbs[$verb] -join "`t")$") { Fail 'refused' 'the record is malformed or names what this script never touches' }
    , (@($state.step, $verb) + "$fields".Split([char[]] "`t"))
}
$rasmanPath = 'SYSTEM\CurrentControlSet\Services\RasMan\Parameters'
$storePath = 'SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local'
$ownPath = 'SOFTWARE\rras.ipsec'
$watched = $storePath, $ownPath
$held = $false
try {
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) { Fail 'wow64' '' }
    $user = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
    if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole] 'Administrator')) { Fail 'not_administrator' '' }
    $requests = @(foreach ($line in $lines) { if ($line) { Get-Request $line } })
    $state.step = "Prepare`t"
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $mutex = [Threading.Mutex]::new($false, 'Global\rras.ipsec')
    try { $held = $mutex.WaitOne(60000) } catch [Threading.AbandonedMutexException] { $held = $true }
    if (-not $held) { Fail 'busy' '' }
    if ($root.OpenSubKey($ownPath)) { Assert-Own $ownPath $(if ((Get-Access $ownPath) -match '^D:P') { Get-Trustees $ownPath }) 0 }
    $state.step = "Prepare`t"
    $before = ConvertTo-Field (Get-Fingerprint $watched)
    foreach ($request in $requests) { $state.step, $function, [object[]] $fields = $request; & $function @fields }
    Answer 'done'
} catch {
    $fault, $message, $steps = $state.code, $_.Exception.GetBaseException().Message, $undo.ToArray()
    $left = @(foreach ($step in $steps) {
        $function, [object[]] $fields = $step
        try { [void] (& $function @fields) } catch {
            if ($function -eq 'Undo-Program') { $_.Exception.GetBaseException().Message } else { "$function $($fields[0])" }
        }
    })
    if ($steps) {
        try { if ((ConvertTo-Field (Get-Fingerprint $watched)) -cne $before) { $left += 'the keys are not as they were' } }
        catch { $left += "the keys can't be read again" }
    }
    $outcome = if ($left) { 'partly' } elseif ($steps) { 'undone' } else { 'nothing' }
    Answer 'error' $fault $state.step (Encode $message) $outcome (Encode ($left -join ', '))
} finally { if ($held) { $mutex.ReleaseMutex() } }
'#rras#' + (Encode $answer) + '#rras#'

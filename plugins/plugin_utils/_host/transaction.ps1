# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# One execution on a Windows host, for Windows PowerShell 5.1: records in, records out (records.py lists them). It
# calls no cmdlet, because module logging (event 4103) writes down a cmdlet's arguments, and preshared keys are handled
# here. It uses only what both .NET Framework 4.5 and .NET 10 have. Comments have lines of their own and are not sent.
param([string[]] $records)

# Windows PowerShell before 5.1 lacks ::new(), so nothing below would work. The answer is ready-made, the base64 of
# "error<TAB>powershell_too_old<TAB><TAB><TAB><TAB>nothing<TAB><NEWLINE>" in its frame.
if ($PSVersionTable.PSVersion -lt [version] '5.1') {
    return '#rras#ZXJyb3IJcG93ZXJzaGVsbF90b29fb2xkCQkJCW5vdGhpbmcJCg==#rras#'
}
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# What may be read, written and run. The variables whose names end in Form, and no others, are patterns; \\ and \.
# stand there for the literal characters. Case is ignored.
function Join-Forms([string[]] $forms) { "($($forms -join '|'))" }
$nameForm = '\w+'
$base64Form = '[A-Za-z0-9+/=]*'
$guidForm = '\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}'
$storeForm = 'SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\Policy\\Local'
$partForm = "$storeForm\\ipsec\w+$guidForm"
$ownForm = 'SOFTWARE\\rras\.ipsec(\\\w+)*'
$servicesForm = 'SYSTEM\\CurrentControlSet\\Services'
$serviceForm = '(PolicyAgent|IKEEXT|RasMan|RemoteAccess|MpsSvc)'
$rasmanForm = "$servicesForm\\RasMan\\Parameters"
$listForm = 'D:(?![A-Z]*NO_ACCESS_CONTROL)'
$prohibitForm = "$rasmanForm`tProhibitIpSec"
$groupForm = 'SOFTWARE\\Policies\\Microsoft\\WindowsFirewall'
$wallForm = "$servicesForm\\SharedAccess\\Parameters\\FirewallPolicy"
$ruleForm = 'name=rras\.ipsec-L2TP-(over-IPv6|from-peers-\w{8})'
$blockForm = 'action=block protocol=UDP localport=1701 remoteip=::/1,8000::/1'
$allowForm = 'action=allow protocol=UDP localport=500,1701,4500 remoteip=[\d.,]+'
$bothForm = "dir=in ($blockForm|$allowForm) profile=any enable=yes"
$readableForm = Join-Forms @(
    $storeForm
    $ownForm
    $rasmanForm
    "$servicesForm\\$serviceForm"
    "$servicesForm\\Tcpip\\(Linkage|Parameters\\Interfaces)"
    'SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\GPTIPSECPolicy'
    'SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ActiveComputerName'
    'SYSTEM\\CurrentControlSet\\Control\\Class\\\{4d36e972-e325-11ce-bfc1-08002be10318\}'
)
$treeForm = Join-Forms @(
    "$readableForm`t(\*|\w+(,\w+)*)`t\d"
    "SOFTWARE\\Microsoft\\Cryptography`tMachineGuid`t0"
    "($wallForm|$groupForm)`tEnableFirewall(,AllowLocalPolicyMerge)?`t1"
    "$wallForm\\FirewallRules`t\|name=rras\.ipsec-`t0"
    "($wallForm|$groupForm)\\ConSecRules`t\|protocol=17\|`t0"
)
$programForm = Join-Forms @(
    "netsh`tipsec (static show policy all|dynamic show qmfilter all)"
    "netsh`tadvfirewall firewall (delete rule $ruleForm|add rule $ruleForm $bothForm)"
    "net`t(start|stop) (PolicyAgent|IKEEXT|RemoteAccess)"
    "sc`tquery $serviceForm"
    "sc`tcontrol PolicyAgent 129"
    "sc`tconfig (PolicyAgent|IKEEXT) start= [a-z-]+"
    "sc`tconfig RemoteAccess depend= [\w+/]+"
)
$placeForm = Join-Forms @("($partForm|$ownForm|$storeForm)`t$nameForm", $prohibitForm)

# Somebody else's value may be of any kind, and is given back as that kind; what we write is of one of four kinds.
$writableForm = Join-Forms @(
    "$placeForm`t(String|MultiString|DWord|Binary)"
    "($ownForm`t$nameForm|$prohibitForm)`t(QWord|ExpandString|None)"
)

# The verbs and the forms of their fields. Each verb is carried out by the function of that name. A record of any other
# form is refused before anything is done.
$verbs = @{
    Prepare         = $base64Form, '\d{1,5}'
    ReadTree        = $treeForm
    ReadDigest      = $storeForm
    RunProgram      = $programForm, $base64Form, '(must|may)', "($programForm)?`t?"
    ExpectUnchanged = $storeForm, $base64Form
    ExpectValue     = "($ownForm`t$nameForm|$prohibitForm)", $base64Form
    ExpectSealed    = $ownForm, $nameForm, $storeForm
    Seal            = $ownForm, $nameForm, $storeForm
    CreateKey       = "($partForm|$ownForm|$storeForm)", '(Volatile|None)'
    ProtectKey      = "($partForm|$ownForm)", '[A-Z:();]+'
    SetValue        = $writableForm, $base64Form
    UnsetValue      = $placeForm
    DeleteKey       = "($partForm|$ownForm)"
    DeleteListed    = $ownForm, $nameForm
    CopyKey         = "($ownForm|$storeForm|$rasmanForm)", $ownForm
    Flush           = "($storeForm|$ownForm|$rasmanForm)"
    AssignPolicy    = "($partForm)?"
}

# An assignment inside a function creates a local variable. So whatever changes is kept in objects: the answer, the
# calls that undo the changes, and what is known of this run (verb and path say where we are; fault is what to
# answer if something throws).
$storePath = 'SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local'
$ownPath = 'SOFTWARE\rras.ipsec'
$rasmanPath = 'SYSTEM\CurrentControlSet\Services\RasMan\Parameters'
$watched = $storePath, $ownPath
$answer = [Text.StringBuilder]::new()
$undo = [Collections.Generic.Stack[object[]]]::new()
$run = @{
    nonce   = [byte[]]::new(0)
    seconds = 30
    verb    = ''
    path    = ''
    fault   = 'failed'
}
function Prepare([string] $nonce, [int] $seconds) {
    $run.nonce = [Convert]::FromBase64String($nonce)
    $run.seconds = $seconds
}
function Answer { [void] $answer.Append($args -join "`t").Append("`n") }
function Encode([string] $text) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text)) }
function Decode([string] $text) { [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($text)) }
function Fail([string] $fault, [string] $message) {
    $run.fault = $fault
    throw [InvalidOperationException]::new($message)
}

# What a function returns is unrolled: a byte[] would arrive as object[], a list of one as its element. A comma in
# front keeps it whole. What .NET must receive as bytes is cast again.
function Get-Digest([byte[]] $data) { , [Security.Cryptography.HMACSHA256]::new($run.nonce).ComputeHash($data) }
function Get-Data($key, [string] $name) { , $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames') }
function ConvertTo-Field($data) {
    if ($data -is [byte[]]) { return [Convert]::ToBase64String($data) }
    Encode ($data -join "`0")
}

# The registry accepts any bytes as a number, and kinds that .NET has no name for. A value can be written back only if
# .NET could read it as its kind says.
function Test-Data([string] $kind, $data) {
    switch ($kind) {
        'DWord' { $data -is [int] }
        'QWord' { $data -is [long] }
        'Unknown' { $false }
        default { $null -ne $data }
    }
}

# A rule in the form that may be sent ([MS-GPIPSEC] 2.2.1.3.1): preshared keys and unknown methods are replaced by
# digests under the nonce; certificates (3) and Kerberos (5) stay. A number that no rule has shows that the data is
# something else, which may be a key: whatever can't be parsed throws.
function Read-Bytes($in, [int] $count) {
    $left = $in.BaseStream.Length - $in.BaseStream.Position
    if ($count -lt 0 -or $count -gt $left) { throw [IO.EndOfStreamException]::new() }
    , $in.ReadBytes($count)
}
function Copy-Bytes($in, $out, [int] $count) { $out.Write([byte[]] (Read-Bytes $in $count)) }
function Copy-OneOf($in, $out, [int[]] $known) {
    $number = $in.ReadInt32()
    if ($number -notin $known) { throw [FormatException]::new() }
    $out.Write($number)
}
function Copy-Text($in, $out) {
    $count = $in.ReadInt32()
    $out.Write($count)
    Copy-Bytes $in $out $count
}
function Copy-Methods($in, $out) {
    $methods = $in.ReadInt32()
    $out.Write($methods)
    for ($i = 0; $i -lt $methods; $i++) {
        $method = $in.ReadInt32()
        $data = Read-Bytes $in $in.ReadInt32()
        if ($method -notin 3, 5) { $data = Get-Digest $data }
        $out.Write($method)
        $out.Write($data.Length)
        $out.Write([byte[]] $data)
    }
    $methods
}
function Get-MaskedRule([byte[]] $data) {
    $in = [IO.BinaryReader]::new([IO.MemoryStream]::new($data))
    $body = [IO.MemoryStream]::new()
    $out = [IO.BinaryWriter]::new($body)
    [void] (Read-Bytes $in 20)
    $methods = Copy-Methods $in $out
    Copy-OneOf $in $out -3, -2, -1
    Copy-Text $in $out
    Copy-Bytes $in $out 4
    Copy-OneOf $in $out 0, 1
    Copy-OneOf $in $out 0, 1
    Copy-Text $in $out

    # Vista and later append sections, each after a mark of 16 bytes, which one unused byte may precede.
    while ($in.BaseStream.Length - $in.BaseStream.Position -ge 16) {
        $rest = [BitConverter]::ToString($data, [int] $in.BaseStream.Position)
        if ($rest -notmatch '^(..-)?(01-){15}0[123]') { break }
        if ($rest -notmatch '^(01-){15}0[123]') { [void] $in.ReadByte() }
        $mark = Read-Bytes $in 16
        $out.Write([byte[]] $mark)
        if ($mark[15] -eq 1) { $methods = Copy-Methods $in $out }
        if ($mark[15] -eq 3) { Copy-Bytes $in $out 16 }
        if ($mark[15] -ne 2) { continue }
        [void] $in.ReadInt32()
        $out.Write(0)
        for ($i = 0; $i -lt $methods; $i++) { Copy-OneOf $in $out 0, 1, 2, 3 }
    }
    , [byte[]] ($data[0..15] + [BitConverter]::GetBytes([int] $body.Length) + $body.ToArray() + [byte] 0)
}

# A preshared key is never sent. Objects without keys are sent as they are, rules masked, all else as length and digest.
function Get-Shown([string] $path, [string] $name, $data) {
    if ($null -eq $data) { $data = [byte[]]::new(0) }
    if ($data -isnot [byte[]]) { $data = [BitConverter]::GetBytes($data) }
    $layout = if ($name -eq 'ipsecData' -and $data.Length -ge 16) { "$([Guid]::new([byte[]] $data[0..15]))" }
    $keyless = $layout -match '^(22202163-4f4c-11d1-863b-00a0248d3021|80dc20b[589]-2ec8-11d1-a89e-00a0248d3021)$'
    if ($keyless -and $path -match "^$storeForm\\ipsec" -and $path -notmatch '\\ipsecNFA') { return 'Binary', $data }
    if ($layout -eq '11bbac00-498d-11d1-8639-00a0248d3021') {
        try { return 'Binary', (Get-MaskedRule $data) } catch { }
    }
    'Withheld', [byte[]] ([BitConverter]::GetBytes($data.Length) + (Get-Digest $data))
}

# Reading. The result is $null if there is no key, and $false if not even administrators may read it.
function Open-ToRead([string] $path) {
    try { $root.OpenSubKey($path) } catch [Security.SecurityException] { $false }
}
function Open-Key([string] $path, [bool] $writable = $true) {
    $key = $root.OpenSubKey($path, $writable)
    if ($null -eq $key) { Fail 'failed' "the key $path does not exist" }
    $key
}
function Get-Access([string] $path) {
    (Open-Key $path $false).GetAccessControl('Access').GetSecurityDescriptorSddlForm('Access')
}
function ReadTree([string] $path, [string] $asked, [int] $depth) {
    $key = Open-ToRead $path
    if ($null -eq $key) { return }
    if ($key -is [bool]) { return Answer 'denied' (Encode $path) }
    Answer 'key' (Encode $path)
    foreach ($name in $key.GetValueNames()) {
        if ($asked[0] -eq '|') { $fits = "$($key.GetValue($name))" -like "*$asked*" }
        else { $fits = $asked -eq '*' -or $asked.Split(',') -contains $name }
        if (-not $fits) { continue }
        $kind = "$($key.GetValueKind($name))"
        $data = Get-Data $key $name
        if ($kind -notmatch 'String|Word' -or -not (Test-Data $kind $data)) {
            $kind, $data = Get-Shown $path $name $data
        }
        Answer 'value' (Encode $name) $kind (ConvertTo-Field $data)
    }
    if ($path -match '\\ipsecNFA') { Answer 'access' (Encode (Get-Access $path)) }
    if ($depth -le 0) { return }
    foreach ($child in $key.GetSubKeyNames()) {
        if ($child -ne 'Backup') { ReadTree "$path\$child" $asked ($depth - 1) }
    }
}

# The fingerprint of keys: everything below them except the times, in an order that does not depend on how it was
# written. SHA256 throws in FIPS mode before .NET Framework 4.6.2; HMACSHA256 does not. The fingerprint never leaves the
# host; its digest does.
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
function Get-Fingerprint([string[]] $paths) {
    $lines = @(foreach ($path in $paths) { Get-Lines $path }) -join "`n"
    $hash = [Security.Cryptography.HMACSHA256]::new([Text.Encoding]::ASCII.GetBytes('rras.ipsec'))
    , $hash.ComputeHash([Text.Encoding]::ASCII.GetBytes($lines))
}
function Get-StoreDigest([string] $path) { [Convert]::ToBase64String((Get-Digest (Get-Fingerprint $path))) }
function ReadDigest([string] $path) { Answer 'digest' (Get-StoreDigest $path) }

# .NET follows registry links without noticing them, and a link below our key could lead our deletions anywhere. But
# hardly any key grants access to as few as ours does, and none of ours is deeper than eight levels. Without an access
# list, everybody has access.
function Get-Trustees([string] $path) {
    $sddl = Get-Access $path
    if ($sddl -notmatch "^$listForm") { return 'everybody' }
    foreach ($entry in [regex]::Matches($sddl, ';([^;()]+)\)')) { $entry.Groups[1].Value }
}
function Assert-Own([string] $path, [string[]] $trusted, [int] $level) {
    $run.path = $path
    $key = $root.OpenSubKey($path)
    $strange = $null -eq $key -or $level -gt 8
    if ($trusted -and -not $strange) {
        foreach ($who in Get-Trustees $path) { $strange = $strange -or $who -notin $trusted }
    }
    if ($strange) { Fail 'failed' 'this collection did not make the key: it may be a registry link' }
    foreach ($child in $key.GetSubKeyNames()) { Assert-Own "$path\$child" $trusted ($level + 1) }
}

# Running programs, by .NET and by absolute path: under 'Stop', a line on a program's stderr would end a script of
# PowerShell 5.1, and sc is an alias there. Both streams are read at the same time, or a full one would block the
# program.
function Start-Program([string] $program, [string] $given) {
    $start = [Diagnostics.ProcessStartInfo]::new("$([Environment]::SystemDirectory)\$program.exe", $given)
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    try { $process = [Diagnostics.Process]::Start($start) } catch { return -1, "$program.exe can't be started" }
    $process.StandardInput.Close()
    $stdout = $process.StandardOutput.ReadToEndAsync()
    $stderr = $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit(1000 * $run.seconds)) {
        $process.Kill()
        return -1, "$program.exe did not end within $($run.seconds) seconds"
    }
    $process.ExitCode, ($stdout.Result + "`n" + $stderr.Result)
}

# The state of a service is the second number that sc prints. The labels in front of the numbers are translated.
function Get-State([string] $service) {
    $code, $output = Start-Program 'sc' "query $service"
    $numbers = [regex]::Matches($output, ':\s+([0-9a-f]+)\s')
    if ($numbers.Count -gt 1) { $numbers[1].Groups[1].Value }
}

# A program that did not do its work is an error. For net.exe only the service's state decides: if somebody else has
# started the service, it ends with 2. The states are 1 stopped, 2 starting, 3 stopping, 4 running.
function Assert-Done([string] $program, [string] $given, [int] $code) {
    $said = "$program $given ended with code $code"
    if ($program -ne 'net' -and $code -ne 0) { Fail 'failed' $said }
    if ($program -ne 'net') { return }
    $word, $service = $given.Split(' ')
    $passing, $wanted, $lack = if ($word -eq 'start') { '2', '4', 'not running' } else { '3', '1', 'not stopped' }
    $state = Get-State $service
    for ($i = 0; $state -eq $passing -and $i -lt 2 * $run.seconds; $i++) {
        [Threading.Thread]::Sleep(500)
        $state = Get-State $service
    }
    if ($state -ne $wanted) { Fail 'failed' "$said, and the service is $lack" }
}
function Undo-Program([string] $program, [string] $given) {
    $code, $output = Start-Program $program $given
    Assert-Done $program $given $code
}

# A program that was killed for taking too long may have done its work already, so it is undone as well.
function RunProgram(
    [string] $program, [string] $given, [string] $pattern, [string] $must, [string] $undoer, [string] $undoing
) {
    $code, $output = Start-Program $program $given
    $ran = $code -eq 0 -or ($code -eq -1 -and $output -match ' did not end within ')
    if ($undoer -and $ran) { $undo.Push(@('Undo-Program', $undoer, $undoing)) }
    if ($must -eq 'must') { Assert-Done $program $given $code }
    $excerpt = [regex]::Matches($output, (Decode $pattern)) -join "`n"
    Answer 'ran' (Encode "$program $given") $code (Encode $excerpt)
}

#region Changing. This region is left out of the script for an execution that only reads.

# Expecting. If something is no longer as it was read, somebody else changed it: a conflict.
function Assert-Same([string] $found, [string] $expected, [string] $what) {
    if ($found -cne $expected) { Fail 'conflict' "$what changed meanwhile" }
}
function ExpectUnchanged([string] $path, [string] $digest) {
    Assert-Same (Get-StoreDigest $path) $digest 'the policy store'
}
function ExpectValue([string] $path, [string] $name, [string] $field) {
    $key = $root.OpenSubKey($path)
    $found = if ($key) { ConvertTo-Field (Get-Data $key $name) }
    Assert-Same $found $field "the value $name"
}
function ExpectSealed([string] $path, [string] $name, [string] $source) {
    ExpectValue $path $name (ConvertTo-Field (Get-Fingerprint $source))
}

# Writing values. Each function that changes something pushes on $undo what undoes it: a function and its arguments.
function Push-Value($key, [string] $path, [string] $name) {
    $kind = "$($key.GetValueKind($name))"
    $data = Get-Data $key $name
    if (-not (Test-Data $kind $data)) { Fail 'failed' "the value $name of the key $path could not be restored" }
    $undo.Push(@('Set-Data', $path, $name, $data, $kind))
}
function Set-Data([string] $path, [string] $name, $data, [string] $kind) {
    $key = Open-Key $path
    if ($key.GetValueNames() -contains $name) { Push-Value $key $path $name }
    else { $undo.Push(@('UnsetValue', $path, $name)) }
    $key.SetValue($name, $data, $kind)
}
function SetValue([string] $path, [string] $name, [string] $kind, [string] $field) {
    if ($kind -in 'Binary', 'None') { $data = [Convert]::FromBase64String($field) }
    else { $data = Decode $field }
    if ($kind -eq 'MultiString') { $data = $data.Split([char[]] "`0", [StringSplitOptions]::RemoveEmptyEntries) }
    Set-Data $path $name $data $kind
}
function Seal([string] $path, [string] $name, [string] $source) {
    Set-Data $path $name (Get-Fingerprint $source) 'Binary'
}

# DeleteValue reports no error if the value stays.
function UnsetValue([string] $path, [string] $name) {
    $key = Open-Key $path
    if ($key.GetValueNames() -notcontains $name) { return }
    Push-Value $key $path $name
    $key.DeleteValue($name)
    if ($key.GetValueNames() -contains $name) { Fail 'failed' "the value $name of the key $path is still there" }
}

# Making keys. If a volatile key is wanted, CreateSubKey would only open a lasting one that exists. It would also make
# parents that no undo deletes. Its overload with a bool needs .NET Framework 4.6.
function CreateKey([string] $path, [string] $lifetime, [string] $remover = 'DeleteKey') {
    if ($lifetime -eq 'Volatile') { DeleteKey $path }
    if ($null -ne $root.OpenSubKey($path)) { return }
    CreateKey $path.Substring(0, $path.LastIndexOf('\')) 'None' 'Remove-EmptyKey'
    [void] $root.CreateSubKey($path, 'ReadWriteSubTree', $lifetime)
    $undo.Push(@($remover, $path))
}
function Remove-EmptyKey([string] $path) {
    $key = Open-Key $path
    if ($key.SubKeyCount + $key.ValueCount) { Fail 'failed' "the key $path is not empty" }
    $root.DeleteSubKey($path)
}

# The key that CreateSubKey returns was opened without the right to change permissions, so it is opened again. Without
# the section 'Access', Windows would be asked to change owner and group, too, and would refuse.
function ProtectKey([string] $path, [string] $sddl) {
    $undo.Push(@('ProtectKey', $path, (Get-Access $path)))
    $security = [Security.AccessControl.RegistrySecurity]::new()
    $security.SetSecurityDescriptorSddlForm($sddl, 'Access')
    $root.OpenSubKey($path, 'ReadWriteSubTree', 'FullControl').SetAccessControl($security)
}

# .NET can't tell whether a key is volatile, but no lasting key can be made below a volatile one.
function Get-Lifetime([string] $path) {
    if ($path -notmatch "^$ownForm$") { return 'None' }
    try { [void] $root.CreateSubKey("$path\Probe", 'ReadWriteSubTree', 'None') }
    catch [IO.IOException] { return 'Volatile' }
    $root.DeleteSubKey("$path\Probe")
    'None'
}

# Deleting keys. What remains may be a dangling link, which can't be opened, so its name is looked up in the parent.
function DeleteKey([string] $path) {
    $key = $root.OpenSubKey($path)
    if ($null -eq $key) { return }
    if ($path -match "^$partForm$" -and $key.SubKeyCount) {
        Fail 'failed' "the key $path holds keys, as no part of a policy does: it may be a registry link"
    }
    foreach ($child in $key.GetSubKeyNames()) { DeleteKey "$path\$child" }
    foreach ($name in $key.GetValueNames()) { UnsetValue $path $name }
    $undo.Push(@('ProtectKey', $path, (Get-Access $path)))
    $undo.Push(@('CreateKey', $path, (Get-Lifetime $path)))
    $root.DeleteSubKey($path)
    $parent, $leaf = $path -split '\\(?=[^\\]+$)'
    if ($root.OpenSubKey($parent).GetSubKeyNames() -contains $leaf) { Fail 'failed' "the key $path is still there" }
}
function DeleteListed([string] $path, [string] $name) {
    foreach ($listed in (Open-Key $path).GetValue($name)) {
        if ($listed -notmatch "^$partForm$") { continue }
        DeleteKey $listed
        Answer 'deleted' (Encode $listed)
    }
}

# A copy leaves out keys that may not be read, and values that only Windows itself could write.
function CopyKey([string] $source, [string] $target) {
    $key = Open-ToRead $source
    if ($key -isnot [Microsoft.Win32.RegistryKey]) { return }
    CreateKey $target 'None'
    foreach ($name in $key.GetValueNames()) {
        $kind = "$($key.GetValueKind($name))"
        $data = Get-Data $key $name
        if (Test-Data $kind $data) { Set-Data $target $name $data $kind }
    }
    foreach ($child in $key.GetSubKeyNames()) { CopyKey "$source\$child" "$target\$child" }
}

# Windows writes the hives SOFTWARE and SYSTEM to disk whenever it likes, each by itself; .NET flushes only through an
# object that has set a value. In an undo, too, what has been undone so far is written to disk at this point.
function Flush([string] $path) {
    $key = $root.OpenSubKey($path, $true)
    while ($null -eq $key) {
        $path = $path.Substring(0, $path.LastIndexOf('\'))
        $key = $root.OpenSubKey($path, $true)
    }
    $key.SetValue('rras.ipsec', '', 'String')
    $key.DeleteValue('rras.ipsec')
    $key.Flush()
    foreach ($other in $rasmanPath, $storePath) { $undo.Push(@('Flush', $other)) }
}

# Assigning. netsh ends with 0 after some errors, so its output and the registry are checked. If it failed, the registry
# is written here, and control 129 tells PolicyAgent to reload: restarting it would lose RRAS's automatic filters
# (KB 248750).
function Get-Assigned { "$((Open-Key $storePath).GetValue('ActivePolicy'))" }
function AssignPolicy([string] $policy) {
    $old = Get-Assigned
    if ($old -eq $policy) { return }
    $undo.Push(@('AssignPolicy', $old))
    $guid = [regex]::Match("$policy $old", $guidForm, 'IgnoreCase').Value
    $assign = if ($policy) { 'yes' } else { 'no' }
    $code, $output = Start-Program 'netsh' "ipsec static set policy guid=$guid assign=$assign"
    $failed = $code -ne 0 -or $output -match '(?m)^\s*ERR \w*\s*\['
    if (-not $failed -and (Get-Assigned) -eq $policy) { return Answer 'assigned' 'netsh' }
    if ($policy) { Set-Data $storePath 'ActivePolicy' $policy 'String' } else { UnsetValue $storePath 'ActivePolicy' }
    $code, $output = Start-Program 'sc' 'control PolicyAgent 129'
    if ($policy -and $code -ne 0) { Fail 'not_assigned' 'neither netsh nor the control 129 to PolicyAgent worked' }
    Answer 'assigned' 'registry'
}
#endregion

# The execution. Every record is checked before any is carried out. An error names the verb, and the path if the
# fields begin with one, but never data.
function Get-Request([string] $record) {
    $verb, $fields = $record.Split([char[]] "`t", 2)
    $path = [regex]::Match($fields, '^(SOFTWARE|SYSTEM)\\[^\t]*').Value
    $run.verb = $verb
    $run.path = $path
    $form = $verbs[$verb] -join "`t"
    if (-not $form -or "$fields" -notmatch "^$form$") {
        Fail 'refused' 'the record is malformed or names what this script never touches'
    }
    , (@($verb, $path) + "$fields".Split([char[]] "`t"))
}
$held = $false
try {
    # A 32-bit PowerShell on a 64-bit Windows sees another HKLM\SOFTWARE. Only one script of ours runs at a time; if it
    # is killed, it leaves its mutex abandoned, which is as good as free.
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) { Fail 'wow64' '' }
    $user = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
    if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole] 'Administrator')) { Fail 'not_administrator' '' }
    $requests = @(foreach ($record in $records) { if ($record) { Get-Request $record } })
    $run.verb, $run.path = 'Prepare', ''
    $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $mutex = [Threading.Mutex]::new($false, 'Global\rras.ipsec')
    try { $held = $mutex.WaitOne(60000) } catch [Threading.AbandonedMutexException] { $held = $true }
    if (-not $held) { Fail 'busy' '' }
    if ($root.OpenSubKey($ownPath)) {
        $trusted = if ((Get-Access $ownPath) -match "^${listForm}P") { Get-Trustees $ownPath }
        Assert-Own $ownPath $trusted 0
    }
    $run.path = ''
    $before = ConvertTo-Field (Get-Fingerprint $watched)
    foreach ($request in $requests) {
        $run.verb, $run.path, [object[]] $fields = $request
        & $run.verb @fields
    }
    Answer 'done'
} catch {
    # Everything is undone in reverse order, and the fingerprint proves it. The undoing functions, too, push on $undo
    # and may change the fault, so both are saved first.
    $fault = $run.fault
    $message = $_.Exception.GetBaseException().Message
    $calls = $undo.ToArray()
    $notUndone = @(foreach ($call in $calls) {
        $function, [object[]] $arguments = $call
        try { [void] (& $function @arguments) }
        catch {
            if ($function -eq 'Undo-Program') { $_.Exception.GetBaseException().Message }
            else { "$function $($arguments[0])" }
        }
    })
    if ($calls) {
        try { $after = ConvertTo-Field (Get-Fingerprint $watched) } catch { $after = '' }
        if (-not $after) { $notUndone += "the keys can't be read again" }
        elseif ($after -cne $before) { $notUndone += 'the keys are not as they were' }
    }
    $outcome = if ($notUndone) { 'partly' } elseif ($calls) { 'undone' } else { 'nothing' }
    Answer 'error' $fault $run.verb $run.path (Encode $message) $outcome (Encode ($notUndone -join ', '))
} finally {
    if ($held) { $mutex.ReleaseMutex() }
}

# The answer is found between its marks, whatever a profile or a banner prints around it. It is compressed, because it
# consists of few paths, each with its values, and is base64 within base64.
function Get-Compressed([string] $text) {
    $data = [Text.Encoding]::UTF8.GetBytes($text)
    $packed = [IO.MemoryStream]::new()
    $gzip = [IO.Compression.GZipStream]::new($packed, [IO.Compression.CompressionMode]::Compress)
    $gzip.Write($data, 0, $data.Length)
    $gzip.Dispose()
    [Convert]::ToBase64String($packed.ToArray())
}
'#rras#' + (Get-Compressed $answer) + '#rras#'

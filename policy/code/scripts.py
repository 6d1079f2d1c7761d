"""What functions are called in Perl, Ruby, JavaScript, PHP, Lua, R, Tcl and others."""

from collections.abc import Callable, Iterator

from policy.code.tokens import Language
from policy.effects import Effect

_JAVASCRIPT = Language(
    comment="//",
    deletes=r"\b(?:unlinkSync|rmSync|rmdirSync|emptyDirSync)\b|\.(?:unlink|unlinkSync|rmSync|rmdir|rmdirSync|removeSync|emptyDir"
    r"|emptyDirSync|rimraf)\s*\("
    r"|\b(?:fs|fsp|promises|fse|fsPromises|fsExtra|Deno|shell|shelljs"
    r"|sh)\.(?:rm|remove|removeSync|del)\s*\("
    r"|\b(?:rimraf|rimrafSync|unlinkSync|rmSync|rmdirSync|del|deleteAsync"
    r"|deleteSync|trash|emptyDirSync|removeSync)\s*(?:\.sync)?\("
    r"|require\(\x01\d+\x02\)\.(?:rm|remove)\s*\(|\)\.(?:rm)\s*\("
    r"|\bunlink\s*\(|\.promises\.rm\b|\bawait rm\s*\("
    r"|Bun\.file\([^)]{0,200}\)\.(?:delete|unlink)",
    runs=r"\b(?:exec|execSync|execFile|execFileSync|spawn|spawnSync|fork|\$|execa"
    r"|execaSync|execaCommand|Bun\.spawn|Bun\.spawnSync|Deno\.run"
    r"|Deno\.Command)\s*\("
    r"|(?:^|[\s=(;])\$(?=\x01)|shell\.exec\(|execaCommandSync\(|\.command\(|\.shellCommand\(",
    modes=r"\b(?:chmod|chmodSync|chown|chownSync|lchown|fchmod|fchmodSync|lchownSync)\s*\(",
    kills=r"\bprocess\.kill\s*\(|\bDeno\.kill\b|\bfkill\s*\(|\btreeKill\s*\("
    r"|\bkillPort\s*\(|require\(\x01\d+\x02\)\.kill\b",
    evaluates=r"(?<![.\w$])eval\s*\(|\bnew Function\s*\(|(?<![.\w$])Function\s*\("
    r"|[(,]\s*eval\s*(?=[),])|vm\.run\w+\s*\(|\(0,\s*eval\)\s*\(",
    empties=r"\b(?:truncate|truncateSync|ftruncateSync)\s*\(",
    writes=r"\b(?:writeFile|writeFileSync|appendFile|appendFileSync"
    r"|createWriteStream|copyFile|copyFileSync|renameSync"
    r"|mkdirSync|symlinkSync|outputFileSync|writeTextFile|writeTextFileSync|cpSync|linkSync)\s*\(",
    loses_data=r"\.(?:dropDatabase|dropCollection|deleteMany|deleteOne|flushall"
    r"|flushAll|flushDb|flushdb|dropTable"
    r"|dropTableIfExists|truncate|destroyAll|findOneAndDelete"
    r"|findByIdAndDelete|dropSchema|drop|deleteAll)\s*\("
    r"|\.destroy\(\{|\.schema\.drop\w*\(|\.sync\(\{\s*force:\s*true|\.(?:del"
    r"|delete)\(\)\s*(?:;|$|\.)|prisma\.\w+\.delete",
)


_PERL = Language(
    comment="#",
    has_patterns=True,
    dynamic=r"&\$\w|&\{|->\(",
    deletes=r"\b(?:unlink|rmdir|rmtree|remove_tree|unlink0|unlinkat)\b(?!\s*=>)"
    r"|->(?:remove|remove_tree|unlink|rmtree)\b"
    r"|\bFile::Path::\w+\b|\bFile::Remove\b",
    runs=r"(?<![$@%>\w:])(?:system|exec|readpipe|IPC::Open3::open3|open3|open2"
    r"|capture|systemx|run)\b\s*\(?"
    r"|\bopen\s*\(?[^;]{0,60}?(?=\x01)",
    modes=r"(?<![$@%>\w])(?:chmod|chown)\b",
    kills=r"(?<![$@%>\w/])kill\b(?!\s*=>)",
    evaluates=r"(?<![$@%>\w])eval\b(?!\s*\{)|\bdo\s+(?=\$)|\bs(?P<d>[/"
    r"|#,!~@])(?:(?!(?P=d)).){0,200}(?P=d)(?:(?!(?P=d)).){0,200}(?P=d)\w*ee\w*",
    empties=r"\btruncate\b",
    writes=r"\b(?:rename|symlink|link|mkdir|copy|move|cp|mv)\b(?=\s*\(?\s*\x01)",
    loses_data=r"->(?:delete_all|drop_table|delete\(\)|truncate)\b",
    backticks_run=True,
    inline=r"\bqx\s*(?:\{([^}]*)\}|\(([^)]*)\)|/([^/]*)/|\[([^\]]*)\]|\|([^|]*)\|"
    r"|<([^>]*)>|!([^!]*)!)"
    r"|\b(?:system|exec)\s*\(?\s*q[qw]?\s*(?:\{([^}]*)\}|\(([^)]*)\)|/([^/]*)/|\[([^\]]*)\])",
)


_RUBY = Language(
    comment="#",
    deletes=r"\b(?:File|Dir|FileUtils|Pathname|IO)(?:\.|::)(?:delete|unlink|rmdir|rm"
    r"|rm_r|rm_rf|rm_f|rmtree|remove"
    r"|remove_entry\w*|remove_dir|remove_file|safe_unlink)\b"
    r"|Pathname(?:\.new)?\s*\([^)]{0,200}\)\.(?:delete|unlink|rmtree|rmdir)"
    r"|\.(?:unlink|rmtree)\b|(?<![.\w])(?:rm|rm_rf|rm_r|rm_f|rmtree"
    r"|remove_entry|remove_dir)\b(?=[\s(]*[\x01\w\[])"
    r"|:(?:unlink|rm_rf|rm_r|rmtree)\b|&:(?:delete|unlink)\b|File\.method\(:(?:delete|unlink)\)",
    runs=r"(?<![\w.])(?:Kernel\.)?(?:system|exec|spawn|sh)\b\s*\(?"
    r"|\bIO\.popen\s*\(?|\bOpen3\.\w+\s*\(?|\bPTY\.spawn\s*\(?"
    r"|(?:public_)?send\s*\(?\s*:(?:system|exec|spawn|`)\s*,?|Process\.spawn\s*\(?|\bsyscall\b"
    r"|\bopen\s*\(?(?=\s*\x01)",
    modes=r"\b(?:File|FileUtils|Pathname)(?:\.|::)(?:chmod\w*|chown\w*|lchmod|lchown)\b",
    kills=r"\bProcess\.kill\b",
    evaluates=r"(?<![\w.])(?:eval|instance_eval|class_eval|module_eval)\b(?!\s*(?:do\b"
    r"|\{))|\.instance_eval\b(?!\s*(?:do\b|\{))",
    empties=r"\bFile\.truncate\b|\.truncate\b",
    writes=r"\b(?:File|IO)\.(?:write|binwrite|rename|symlink|link)\b"
    r"|\bFileUtils\.(?:cp|mv|ln_s\w*|mkdir_p|touch|copy|install"
    r"|move|cp_r|mkdir)\b",
    loses_data=r"\.(?:destroy_all|delete_all|drop_table|destroy!?|drop_database"
    r"|truncate_tables|flushall|flushdb|delete_by"
    r"|destroy_by|drop_collection|truncate)\b|\bdrop_table\b|Rake::Task\[[^\]]{0,100}\]\.invoke",
    backticks_run=True,
    inline=r"%x\s*(?:\{([^}]*)\}|\(([^)]*)\)|\[([^\]]*)\]|<([^>]*)>|\|([^|]*)\|)",
)


_PHP = Language(
    comment="# //",
    dynamic=r"\$\w+\s*\(|\b(?:call_user_func\w*|array_map|array_walk)\s*\(",
    deletes=r"\b(?:unlink|rmdir)\s*\(|(?:File|Storage)::(?:delete\w*"
    r"|cleanDirectory)\s*\(|->(?:deleteDirectory|remove|deleteDir)\s*\(",
    runs=r"(?<![\w>:$])(?:system|exec|shell_exec|passthru|popen|proc_open"
    r"|pcntl_exec|expect_popen)\s*\(|Process::(?:run"
    r"|fromShellCommandline)\s*\(",
    modes=r"\b(?:chmod|chown|chgrp|lchown)\s*\(",
    kills=r"\bposix_kill\s*\(",
    evaluates=r"(?<![\w>])(?:eval|assert|create_function)\s*\(",
    empties=r"\bftruncate\s*\(",
    writes=r"\b(?:file_put_contents|rename|copy|symlink|link|mkdir|touch|move_uploaded_file)\s*\(",
    loses_data=r"->(?:truncate|delete|drop|forceDelete|flushdb|flushall|flushAll"
    r"|dropDatabase|deleteMany|deleteOne)\s*\("
    r"|Schema::drop\w*|Artisan::call|::truncate\(\)|::destroy\(",
    backticks_run=True,
)


_LUA = Language(
    comment="--",
    deletes=r"\bos\.remove\b|\blfs\.rmdir\b|\bvim\.fn\.delete\b",
    runs=r"\bos\.execute\b\s*\(?|\bio\.popen\b\s*\(?|vim\.fn\.system\s*\(?",
    evaluates=r"\b(?:loadstring|load|dostring)\s*\(",
    writes=r"\bos\.rename\b",
)


_R = Language(
    comment="#",
    deletes=r"\b(?:unlink|file\.remove|fs::(?:file|dir)_delete|file_delete|dir_delete)\s*\(",
    runs=r"\b(?:system|system2|shell|processx::run|sys::exec_wait)\s*\(",
    modes=r"\bSys\.chmod\s*\(",
    kills=r"tools::pskill\s*\(|\bpskill\s*\(",
    evaluates=r"\bparse\s*\(\s*text\s*=",
    writes=r"\b(?:writeLines|write\.csv|file\.copy|file\.rename|saveRDS|sink)\s*\(",
)


_JULIA = Language(
    comment="#",
    deletes=r"(?<![\w.])(?:Base\.)?(?:Filesystem\.)?rm\s*\(",
    runs=r"\brun\s*\(",
    modes=r"\b(?:chmod|chown)\s*\(",
    kills=r"(?<![\w.])kill\s*\(",
    backticks_run=True,
)


_TCL = Language(
    comment="#",
    deletes=r"\bfile\s+delete\b",
    runs=r"\bsend\b",
    inline=r"\b(?:exec|spawn)\s+([^\n;\]}]*)",
    modes=r"\bfile\s+attributes\b.{0,200}-permissions",
)


_OTHER = Language(
    comment="# //",
    deletes=r"\b(?:os|syscall|unix)\.(?:Remove|RemoveAll|Unlink|Rmdir)\s*\("
    r"|\bfs::remove_\w+\s*\(|\bstd::fs::remove_\w+\s*\("
    r"|\bFiles\.(?:delete|deleteIfExists|walk)\s*\(|\.deleteRecursively\s*\("
    r"|\.deleteDir\s*\(|FileUtils\.(?:delete\w*|forceDelete\w*)\s*\("
    r"|\.toFile\(\)\.delete\s*\(|new File\([^)]{0,200}\)\.(?:delete|deleteOnExit"
    r"|deleteDir)\s*\(|\bFile\.(?:rm|rm_rf|rm!|rm_rf!|rmdir|Delete)\b"
    r"|\bDirectory\.Delete\s*\(|\bunlink\s*\(|\bremove\s*\(\s*\x01"
    r"|\brmdir\s*\(|\bSys\.remove\b|\bremoveFile\b|\bremoveDirectory\w*"
    r"|\bdelete-file\b|\bdelete-directory\b|\bdeleteFile\b|\bremoveDir\b"
    r"|\bdelete\s*\(\s*\x01|file::delete|:file\.delete|FileManager\.default\.removeItem",
    runs=r"\bexec\.Command(?:Context)?\s*\(|\bCommand::new\s*\("
    r"|Runtime\.getRuntime\(\)\.exec\s*\(|\bProcessBuilder\s*\("
    r"|\bSystem\.cmd\s*\("
    r"|(?<![\w.>])system\s*\(?|\bos:cmd\s*\(|\bSys\.command\b"
    r"|\bcallCommand\b|\breadProcess\b|\bshell-command\b|\bcall-process\b"
    r"|\bProcess\.(?:Start|run|runSync)\s*\(|\bexecShellCmd\s*\("
    r"|\bsh\s*!?\s*\[|\.execute\(\)|\buiop:run-program\b|\b(?:popen|execlp?"
    r"|execvp?)\s*\("
    r"|:os\.cmd\s*\(|\bshell!?\s*\(|\brun-program\b|\bSystem\.shell\s*\("
    r"|\bscala\.sys\.process\b|(?<=\x02)\s*\.!+",
    modes=r"\bos\.(?:Chmod|Chown)\s*\(|set_permissions\s*\("
    r"|Files\.setPosix\w+\s*\(|\bchmod\s*\(|\bset-file-modes\b",
    kills=r"\bsyscall\.Kill\s*\(|(?<![\w.])kill\s*\(|nix::sys::signal::kill",
    writes=r"\bos\.(?:WriteFile|Create|OpenFile|Rename|Mkdir|MkdirAll|Symlink)\s*\("
    r"|\bfs::(?:write|rename|copy|create_dir\w*)\s*\(",
    loses_data=r"\.(?:DropTable|dropTable|deleteMany|DropCollection)\s*\(",
)


_APPLESCRIPT = Language(
    comment="--",
    deletes=r"\bdelete\b|\bempty (?:the )?trash\b|\bmove\b.{0,200}\btrash\b",
    runs=r"\bdo shell script\b",
    kills=r"\bquit\b",
)


_POWERSHELL = Language(
    comment="#",
    deletes=r"(?i)\b(?:Remove-Item\w*|rm|del|erase|rd|rmdir|ri|Clear-RecycleBin)\b|::Delete\s*\(",
    runs=r"(?i)\b(?:cmd\s*/c|Start-Process|bash -c|&)\s",
    modes=r"(?i)\b(?:Set-Acl|icacls|attrib|takeown)\b",
    kills=r"(?i)\b(?:Stop-Process|taskkill|kill|spps)\b",
    evaluates=r"(?i)\b(?:iex|Invoke-Expression)\b",
    empties=r"(?i)\bClear-Content\b",
    loses_data=r"(?i)\bRemove-(?:Az|AD|Sql)\w+|\bStop-Computer\b|\bRestart-Computer\b"
    r"|\bFormat-Volume\b|\bStop-Service\b",
)


_PYTHON = Language(
    comment="#",
    deletes=r"\bos\.(?:remove|unlink|rmdir|removedirs)\b|\bshutil\.rmtree\b"
    r"|\.unlink\s*\(|\.rmdir\s*\(|\brmtree\s*\(",
    runs=r"\bos\.(?:system|popen|exec\w+|spawn\w+)\s*\(|\bsubprocess\.\w+\s*\("
    r"|\bcommands\.getoutput\s*\(|\bget_ipython\(\)\.\w+\s*\(",
    modes=r"\bos\.(?:chmod|chown|lchown)\s*\(",
    kills=r"\bos\.(?:kill|killpg)\s*\(|psutil.{0,300}?\.(?:kill|terminate)\s*\(",
    evaluates=r"(?<![\w.])(?:exec|eval)\s*\(|(?m:^\s*exec\s+(?=[\x01\w]))",
    loses_data=r"\.(?:drop_all|delete_many|flushall|flushdb|drop_table|drop_database)\s*\(",
    inline=r"(?m:^\s*!+(.+)$)|(?m:^%%(?:bash|sh)\n(.*))",
)


def _reader(name: str, language: Language) -> Callable[[str], Iterator[Effect]]:
    def read(text: str) -> Iterator[Effect]:
        return language.read(name, text)

    return read


def python_text(text: str) -> Iterator[Effect]:
    """Python that does not parse: Python 2, IPython, or broken."""
    return _PYTHON.read("python", text)


SCRIPTS: dict[str, Callable[[str], Iterator[Effect]]] = {
    name: _reader(name, language)
    for name, language in {
        "javascript": _JAVASCRIPT,
        "perl": _PERL,
        "ruby": _RUBY,
        "php": _PHP,
        "lua": _LUA,
        "r": _R,
        "julia": _JULIA,
        "tcl": _TCL,
        "other": _OTHER,
        "lisp": _OTHER,
        "applescript": _APPLESCRIPT,
        "powershell": _POWERSHELL,
    }.items()
}

"""Readers by language."""

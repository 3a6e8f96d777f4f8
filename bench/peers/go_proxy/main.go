// The peer in Go: net/http/httputil.ReverseProxy from the standard library, tuned the usual way (idle connections kept, buffers pooled).
// go_proxy <listen> <backend> <rights.json> <log file>
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

type rights struct {
	Tokens            map[string]struct{ User, Department string }
	Fields            map[string]string
	BackendCredential string `json:"backend_credential"`
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return b.pool.Get().([]byte) }
func (b *buffers) Put(p []byte) { b.pool.Put(p) } //nolint:staticcheck

const base = "/ProfitRestServices/connectors/"

var (
	tokenData = regexp.MustCompile(`<data>([0-9A-Fa-f]{64})</data>`)
	known     = map[string]bool{"skip": true, "take": true, "orderbyfieldids": true, "filterfieldids": true, "filtervalues": true, "operatortypes": true}
)

func (r *rights) caller(authorization string) (user, department string, ok bool) {
	const scheme = "AfasToken "
	if !strings.HasPrefix(authorization, scheme) {
		return "", "", false
	}
	xml, err := base64.StdEncoding.DecodeString(authorization[len(scheme):])
	if err != nil {
		return "", "", false
	}
	data := tokenData.FindSubmatch(xml)
	if data == nil {
		return "", "", false
	}
	digest := sha256.Sum256(data[1])
	caller, ok := r.Tokens[hex.EncodeToString(digest[:])]
	return caller.User, caller.Department, ok
}

// narrow adds the department to the client's filter; false for what it does not understand.
func narrow(query, field, department string) (string, bool) {
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return "", false
	}
	for name, values := range parameters {
		if !known[name] || len(values) != 1 || strings.Contains(values[0], ";") {
			return "", false
		}
	}
	fields, values, operators := parameters.Get("filterfieldids"), parameters.Get("filtervalues"), parameters.Get("operatortypes")
	count := strings.Count(fields, ",")
	if strings.Count(values, ",") != count || strings.Count(operators, ",") != count {
		return "", false
	}
	if fields != "" {
		field, department = fields+","+field, values+","+department
		operators += ",1"
	} else {
		operators = "1"
	}
	parameters.Set("filterfieldids", field)
	parameters.Set("filtervalues", department)
	parameters.Set("operatortypes", operators)
	return parameters.Encode(), true
}

func accessLog(name string) *log.Logger {
	file, err := os.Create(name)
	if err != nil {
		log.Fatal(err)
	}
	writer := bufio.NewWriterSize(file, 64*1024)
	var lock sync.Mutex
	go func() {
		for range time.Tick(time.Second) {
			lock.Lock()
			writer.Flush()
			lock.Unlock()
		}
	}()
	return log.New(writerFunc(func(line []byte) (int, error) {
		lock.Lock()
		defer lock.Unlock()
		return writer.Write(line)
	}), "", log.LstdFlags)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(line []byte) (int, error) { return f(line) }

var _ io.Writer = writerFunc(nil)

func main() {
	listen, backend, rightsFile, logFile := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	content, err := os.ReadFile(rightsFile)
	if err != nil {
		log.Fatal(err)
	}
	var allowed rights
	if err := json.Unmarshal(content, &allowed); err != nil {
		log.Fatal(err)
	}
	requests := accessLog(logFile)
	proxy := &httputil.ReverseProxy{
		Director: func(request *http.Request) {
			request.URL.Scheme, request.URL.Host, request.Host = "http", backend, backend
		},
		Transport:  &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 1024, IdleConnTimeout: 90 * time.Second, DisableCompression: true},
		BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 32*1024) }}},
	}
	handler := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		user, department, ok := allowed.caller(request.Header.Get("Authorization"))
		if !ok {
			http.Error(writer, "unknown token", http.StatusUnauthorized)
			return
		}
		field, ok := allowed.Fields[strings.TrimPrefix(request.URL.Path, base)]
		if !ok || request.Method != http.MethodGet {
			http.Error(writer, "not yours", http.StatusForbidden)
			return
		}
		query, ok := narrow(request.URL.RawQuery, field, department)
		if !ok {
			http.Error(writer, "filter not understood", http.StatusBadRequest)
			return
		}
		request.URL.RawQuery = query
		request.Header.Set("Authorization", allowed.BackendCredential)
		proxy.ServeHTTP(writer, request)
		requests.Print(user, " ", request.Method, " ", request.URL.Path, " ", query)
	})
	log.Fatal((&http.Server{Addr: listen, Handler: handler}).ListenAndServe())
}
